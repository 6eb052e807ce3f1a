# bash completion for tdnf -*- shell-script -*-
#
# Package names come from the files *.names in tdnf's cache, and from rpm; nothing here waits for
# a network.

_tdnf_commands='advisory autoerase autoremove builddep check check-local check-update
check-upgrade clean config-manager count deplist distro-sync downgrade download erase help history
info install leaves list localinstall makecache mark provides reinstall remove repo repoinfo
repolist repoquery reposync search swap update update-to updateinfo upgrade upgrade-minimal
upgrade-to version whatprovides'

_tdnf_options='--4 --6 --add-or-replace --add-repo --advisories --advisory --advisory-severities
--all --alldeps --allowerasing --arch --assumeno --assumeyes --available --best --bugfix
--builddeps --bz --bzs --cacheonly --changelogs --checksum --color --comment --config --conflicts
--create-missing-dir --cve --cves --debuglevel --debugsolver --define --delete --depends --destdir
--disable --disable-excludes --disable-plugin --disable-repo --disabled --disableexcludepkgs
--disableexcludes --disableplugin --disablerepo --downgrades --download-metadata --download-path
--downloaddir --downloadonly --dump --duplicates --enable --enable-plugin --enable-repo --enabled
--enableplugin --enablerepo --enhancement --enhances --exclude --extras --file --forcearch --from
--from-repofile --gpgcheck --help --id --info --installed --installroot --json --list --location
--metadata-path --minimal --newest-only --newpackage --no-best --no-docs --no-gpgchecks
--no-plugins --noautoremove --nobest --nodeps --nodocs --nogpgcheck --noplugins --norepopath
--obsoletes --overwrite --provides --qf --queryformat --quiet --reboot-required --recent
--recommends --refresh --releasever --repo --repofromdir --repofrompath --repoid --repository
--requires --requires-pre --resolve --reverse --rpmdefine --rpmverbosity --save --save-filename
--sec-severity --security --set-disabled --set-enabled --setopt --showduplicates --skip-broken
--skip-unavailable --skipconflicts --skipdigest --skipobsoletes --skipsignature --source --srpm
--suggests --summary --supplements --testonly --timer --to --updates --upgrades --urls
--use-host-config --userinstalled --verbose --version --whatconflicts --whatdepends --whatenhances
--whatobsoletes --whatprovides --whatrecommends --whatrequires --whatsuggests --whatsupplements'

# Options that are followed by a value.
_tdnf_valued='--add-repo --advisories --advisory --advisory-severities --arch --bz --bzs --color
--comment --config --cve --cves --debuglevel --define --destdir --disable-plugin --disable-repo
--disableplugin --disablerepo --download-path --downloaddir --enable-plugin --enable-repo
--enableplugin --enablerepo --exclude --file --forcearch --from --from-repofile --id --installroot
--metadata-path --qf --queryformat --releasever --repo --repofromdir --repofrompath --repoid
--repository --rpmdefine --rpmverbosity --save-filename --sec-severity --setopt --to
--whatconflicts --whatdepends --whatenhances --whatobsoletes --whatprovides --whatrecommends
--whatrequires --whatsuggests --whatsupplements -c -d -i'

# Sets _tdnf_cachedir and _tdnf_root from the options that were given and the configuration.
_tdnf_places() {
    local conf=$1
    _tdnf_root=${2%/}
    if [[ -z $conf ]]; then
        conf=$_tdnf_root/etc/tdnf/tdnf.conf
        [[ -r $conf ]] || conf=/etc/tdnf/tdnf.conf
    fi
    _tdnf_cachedir=$_tdnf_root/var/cache/tdnf
    local line
    [[ -f $conf && -r $conf ]] || return
    while IFS= read -r line; do
        if [[ $line =~ ^[[:blank:]]*cachedir[[:blank:]]*=[[:blank:]]*(.*[^[:blank:]]) ]]; then
            _tdnf_cachedir=$_tdnf_root${BASH_REMATCH[1]}
        fi
    done <"$conf"
}

# Prints the names that begin with $1. All of them are made of characters that a shell leaves alone.
_tdnf_available() {
    local files
    files=("$_tdnf_cachedir"/*/solvcache/*.names)
    if [[ -e ${files[0]} ]]; then
        LC_ALL=C grep -h "^${1//./\\.}" "${files[@]}" 2>/dev/null
    else
        _tdnf_listed "$1" --available
    fi
}

_tdnf_installed() {
    local names=$_tdnf_cachedir/@System.names found='' dbpath file
    dbpath=$(rpm --eval %_dbpath 2>/dev/null) || {
        _tdnf_listed "$1" --installed
        return
    }
    for file in "$_tdnf_root$dbpath"/{rpmdb.sqlite{,-wal},Packages{,.db}}; do
        [[ -s $file ]] || continue # an empty -wal says nothing
        found=1
        [[ $names -nt $file ]] || names=
    done
    [[ -n $found ]] || return # or rpm would make an empty database
    if [[ -n $names ]]; then
        LC_ALL=C grep "^${1//./\\.}" "$names" 2>/dev/null
    else
        rpm --root "${_tdnf_root:-/}" -qa --qf '%{NAME}\n' 2>/dev/null | _tdnf_begin "$1"
    fi
}

# Names by tdnf itself: the first column without the architecture.
_tdnf_listed() {
    "${_tdnf_run[@]}" -q -C list "$2" 2>/dev/null | sed -n 's/^\([^ ]*\)\.[^ .]* .*/\1/p' | _tdnf_begin "$1"
}

_tdnf_begin() {
    LC_ALL=C grep -x "${1//./\\.}[A-Za-z0-9._+~^-]*"
}

# Repository ids that begin with $1; $2 is all, enabled or disabled.
_tdnf_repos() {
    "${_tdnf_run[@]}" -q repolist "$2" 2>/dev/null | sed -e 1d -e 's/ .*//' | _tdnf_begin "$1"
}

_tdnf_reply() {
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY
}

# The same for package names, which may be many: mapfile reads a pipe byte by byte.
_tdnf_reply_names() {
    local IFS=$'\n'
    # shellcheck disable=SC2207 # there is nothing to expand in a name
    COMPREPLY+=($(cat))
}

# Completes with the words that follow $1.
_tdnf_words() {
    _tdnf_reply < <(compgen -W "${*:2}" -- "$1")
}

_tdnf_packages() {
    local kind=$1 cur=$2
    if [[ $kind == install && ( $cur == */* || $cur == *.rpm ) ]]; then
        compopt -o filenames 2>/dev/null
        _tdnf_reply < <(compgen -d -- "$cur"; compgen -f -X '!*.rpm' -- "$cur")
        return
    fi
    [[ $cur =~ ^[A-Za-z0-9._+~^-]*$ ]] || return
    if [[ $kind == installed ]]; then
        _tdnf_reply_names < <(_tdnf_installed "$cur")
    elif [[ $kind == all ]]; then
        _tdnf_reply_names < <(_tdnf_available "$cur"; _tdnf_installed "$cur")
    else
        _tdnf_reply_names < <(_tdnf_available "$cur")
    fi
}

_tdnf_value() {
    local option=$1 cur=$2
    case $option in
    --enablerepo | --enable-repo) _tdnf_reply < <(_tdnf_repos "$cur" disabled) ;;
    --disablerepo | --disable-repo) _tdnf_reply < <(_tdnf_repos "$cur" enabled) ;;
    --repo | --repoid | --repository) _tdnf_reply < <(_tdnf_repos "$cur" all) ;;
    --exclude) _tdnf_packages all "$cur" ;;
    -c | --config | --file)
        compopt -o filenames 2>/dev/null
        _tdnf_reply < <(compgen -f -- "$cur")
        ;;
    -i | --installroot | --downloaddir | --destdir | --download-path | --metadata-path)
        compopt -o filenames 2>/dev/null
        _tdnf_reply < <(compgen -d -- "$cur")
        ;;
    --rpmverbosity) _tdnf_words "$cur" emergency alert critical error warning notice info debug ;;
    esac
}

_tdnf_argument() {
    local command=$1 count=$2 cur=$3
    local scopes='all installed available updates upgrades downgrades extras obsoletes recent'
    case $command in
    install | download | reposync) _tdnf_packages install "$cur" ;;
    reinstall) _tdnf_packages installed "$cur" ;;
    erase | remove | autoerase | autoremove | update | upgrade | update-to | upgrade-to | downgrade | \
        check-update | check-upgrade) _tdnf_packages installed "$cur" ;;
    swap) if ((count)); then _tdnf_packages install "$cur"; else _tdnf_packages installed "$cur"; fi ;;
    list | info)
        ((count)) || _tdnf_words "$cur" $scopes
        _tdnf_packages all "$cur"
        ;;
    repoquery | provides | whatprovides) _tdnf_packages all "$cur" ;;
    updateinfo | advisory)
        if ((count)); then _tdnf_packages installed "$cur"; else _tdnf_words "$cur" summary list info; fi
        ;;
    mark) if ((count)); then _tdnf_packages installed "$cur"; else _tdnf_words "$cur" install remove; fi ;;
    history) ((count)) || _tdnf_words "$cur" list info init update undo redo rollback ;;
    clean) ((count)) || _tdnf_words "$cur" packages metadata dbcache keys expire-cache all ;;
    repolist) ((count)) || _tdnf_words "$cur" all enabled disabled ;;
    repo) ((count)) || _tdnf_words "$cur" list info ;;
    check-local)
        compopt -o filenames 2>/dev/null
        _tdnf_reply < <(compgen -d -- "$cur")
        ;;
    esac
}

_tdnf() {
    local cur=${COMP_WORDS[COMP_CWORD]} option='' command='' conf='' root='' word
    local _tdnf_cachedir _tdnf_root _tdnf_run count=0 at
    COMPREPLY=()
    # readline breaks --option=value into three words; so they are put together again.
    local words=()
    for ((at = 1; at < COMP_CWORD; at++)); do
        word=${COMP_WORDS[at]}
        if [[ $word == = && ${#words[@]} -gt 0 && ${words[-1]} == --* ]]; then
            if ((at + 1 == COMP_CWORD)); then
                option=${words[-1]}
            else
                words+=("${COMP_WORDS[++at]}")
            fi
        else
            words+=("$word")
        fi
    done
    if [[ $cur == = && ${#words[@]} -gt 0 && ${words[-1]} == --* ]]; then
        option=${words[-1]} cur=''
    elif [[ -z $option && ${#words[@]} -gt 0 && " $_tdnf_valued " == *[[:space:]]"${words[-1]}"[[:space:]]* ]]; then
        option=${words[-1]}
    fi

    for ((at = 0; at < ${#words[@]}; at++)); do
        word=${words[at]}
        case $word in
        -c | --config) conf=${words[at + 1]-} ;;
        -i | --installroot) root=${words[at + 1]-} ;;
        esac
        if [[ " $_tdnf_valued " == *[[:space:]]"$word"[[:space:]]* ]]; then
            ((++at))
        elif [[ $word != -* ]]; then
            if [[ -z $command ]]; then command=$word; else ((++count)); fi
        fi
    done
    _tdnf_places "$conf" "$root"
    _tdnf_run=("${COMP_WORDS[0]%j}" ${conf:+-c "$conf"} ${root:+--installroot "$root"})

    if [[ -n $option ]]; then
        _tdnf_value "$option" "$cur"
    elif [[ $cur == -* ]]; then
        _tdnf_words "$cur" "$_tdnf_options"
    elif [[ -z $command ]]; then
        _tdnf_words "$cur" "$_tdnf_commands"
    else
        _tdnf_argument "$command" "$count" "$cur"
    fi
}

complete -F _tdnf tdnf tdnfj tyum yum
