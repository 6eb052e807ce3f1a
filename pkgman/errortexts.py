"""tdnf's fixed text of each error number (tdnf contract, errors 2 to 6)."""

from __future__ import annotations

import os

_GPG = "Use --nogpgcheck to ignore."
_TEXTS = {
    900: "Generic base error.",
    901: "There was no match for the search.",
    902: "Invalid argument.",
    903: "Clean requires an option: packages, metadata, dbcache, plugins, expire-cache, all",
    904: "The command line parser could not continue. Expected at least one argument.",
    905: "Nothing to do.",
    906: "check-local requires path to rpm directory as a parameter",
    907: "Need an item to match.",
    908: "Command line error: option is invalid.",
    909: "Command line error: expected one argument.",
    910: "Command line error: argument was unexpected.",
    911: "Missing equal sign in setopt argument. setopt requires an argument of the form key=value.",
    912: "Please check your command",
    913: "--downloaddir requires --downloadonly",
    914: "only one dependency allowed",
    915: "--alldeps requires --downloadonly",
    916: "--nodeps requires --downloadonly",
    917: "--qf requires only querytags. Invalid Mixed Query",
    1000: "Generic base error",
    1001: "Package name expected but was not provided",
    1002: "Error loading tdnf conf (/etc/tdnf/tdnf.conf)",
    1003: "Error loading tdnf repo (normally under /etc/yum.repos.d/)",
    1004: "Encountered an invalid repo file",
    1005: (
        "Error opening repo dir. Check if the repodir configured in tdnf.conf exists "
        "(usually /etc/yum.repos.d)"
    ),
    1006: "Error during repo handle execution",
    1007: "Repo during repo result getinfo",
    1011: "No matching packages",
    1013: "Packagelist was empty",
    1014: "Error creating goal",
    1015: "Invalid argument in resolve",
    1016: "Clean type specified is not supported in this release. Please try clean all.",
    1018: "autoerase / autoremove is not supported.",
    1020: "There was an error setting the proxy server.",
    1021: "There was an error setting the proxy server user and pass",
    1022: "distroverpkg config entry is set to a package that is not installed. Check /etc/tdnf/tdnf.conf",
    1023: "There was an error reading version of distroverpkg",
    1024: "A memory allocation was requested with an invalid size",
    1025: "Requested string allocation size was too long.",
    1029: "metadata_expire value could not be parsed. Check your repo files.",
    1030: "The operation would result in removing a protected package.",
    1032: "Operation aborted.",
    1033: "Invalid input.",
    1034: "cache only is set, but no repo data found",
    1035: ("a downgrade is not allowed below the minimal version. Check 'minversions' in the configuration."),
    1036: (
        "Insufficient disk space at cache directory /var/cache/tdnf (unless specified differently in "
        "config). Try freeing space first."
    ),
    1037: "Duplicate repo id",
    1300: "Solv base error",
    1301: "Solv general runtime error",
    1302: "Solv client programming error",
    1303: "Solv error propagted from libsolv",
    1304: "Solv - I/O error",
    1305: "Solv - cache write error",
    1306: "Solv - ill formed query",
    1307: "Solv - unknown arch",
    1308: "Solv - validation check failed",
    1310: "Solv - goal found no solutions",
    1311: "Solv - the capability was not available",
    1312: "Solv - Checksum creation failed",
    1313: "Solv - Failed to write repo",
    1314: "Solv - Solv cache not found",
    1315: "Solv - Failed to add solv",
    1400: "Repo error base",
    1401: "There was an error while setting SSL settings for the repo.",
    1471: "rpm generic error - not found (possible corrupt rpm file)",
    1472: "rpm generic failure",
    1473: "rpm signature is OK, but key is not trusted",
    1474: ("public key is unavailable. install public key using rpm --import or use --nogpgcheck to ignore."),
    1502: "Bad root directory",
    1505: "public key file is invalid or corrupted",
    1507: "GpgKey Url is invalid",
    1508: "GpgKey Url schemes other than file are not supported",
    1510: f"RPM not signed. {_GPG}",
    1511: f"RPM data container could not be created. {_GPG}",
    1512: "RPM not signed. Use --skipsignature or --nogpgcheck to ignore.",
    1513: f"RPM failed to parse gpg key. {_GPG}",
    1514: f"RPM is signed but failed to match with known keys. {_GPG}",
    1515: "rpm check reported errors",
    1520: "A required option was not found",
    1523: (
        "gpgkey entry is missing for this repo. please add gpgkey in repo file or use --nogpgcheck to ignore."
    ),
    1524: "URL is invalid.",
    1525: "rpm transaction failed",
    1527: "File size does not match.",
    1528: "File checksum does not match.",
    1599: "No matches found",
    1600: "unknown system error",
    1601: "Operation not permitted. You have to be root.",
    1802: "History database error",
    2500: "Base URL and Metalink URL not found in the repo file",
    2501: "Checksum Validation failed for the repomd.xml downloaded using URL from metalink",
    2502: "No Resource present in metalink file for file download",
    2600: "API call to digest API forbidden in FIPS mode!",
}
# curl_easy_strerror of the codes that a download can end with; 1207 and 1208 in curl's older words,
# since tdnf-automatic looks for them.
_CURL = {
    1: "Curl doesn't Support this protocol",
    2: "Curl Init Failed",
    3: "URL seems to be corrupted. Please clean all and makecache",
    5: "Couldn't resolve proxy name",
    6: "Couldn't resolve host name",
    7: "Couldn't connect to server",
    8: "Weird server reply",
    9: "Access denied to remote resource",
    18: "Transferred a partial file",
    22: "HTTP response code said error",
    23: "Failed writing received data to disk/application",
    28: "Timeout was reached",
    35: "SSL connect error",
    37: "Couldn't read a file:// file",
    47: "Number of redirects hit maximum amount",
    52: "Server returned nothing (no headers, no data)",
    55: "Failed sending data to the peer",
    56: "Failure when receiving data from the peer",
    58: "Problem with the local SSL certificate",
    60: "SSL peer certificate or SSH remote key was not OK",
    63: "Maximum file size exceeded",
    67: "Login denied",
    77: "Problem with the SSL CA cert (path? access rights?)",
}


def text_of(number: int) -> str:
    """Return tdnf's text: the table, then curl's words, then the C library's (errors 1)."""
    if number in _TEXTS:
        return _TEXTS[number]
    if 1201 < number < 1300:
        return _CURL.get(number - 1201, "Unknown error")
    if number > 1600:
        return os.strerror(number - 1600)
    return "Unknown error"
