# fish completion for tdnf: package names come from the files *.names in its cache, and from rpm.

# Options that are followed by a value.
set -g __tdnf_valued --add-repo --advisories --advisory --advisory-severities --arch --bz --bzs \
    --color --comment --config --cve --cves --debuglevel --define --destdir --disable-plugin \
    --disable-repo --disableplugin --disablerepo --download-path --downloaddir --enable-plugin \
    --enable-repo --enableplugin --enablerepo --exclude --file --forcearch --from \
    --from-repofile --id --installroot --metadata-path --qf --queryformat --releasever --repo \
    --repofromdir --repofrompath --repoid --repository --rpmdefine --rpmverbosity \
    --save-filename --sec-severity --setopt --to --whatconflicts --whatdepends --whatenhances \
    --whatobsoletes --whatprovides --whatrecommends --whatrequires --whatsuggests \
    --whatsupplements -c -d -i

# Succeeds if there is a command on the line; with arguments, if it is one of them.
function __tdnf_command
    set -l words (commandline -opc)
    set -l skip 0
    for word in $words[2..-1]
        if test $skip -eq 1
            set skip 0
        else if contains -- $word $__tdnf_valued
            set skip 1
        else if not string match -q -- '-*' $word
            test (count $argv) -eq 0; or contains -- $word $argv
            return
        end
    end
    return 1
end

# The value of an option: __tdnf_given SHORT LONG DEFAULT
function __tdnf_given
    set -l words (commandline -opc)
    for at in (seq 2 (count $words))
        if contains -- $words[$at] $argv[1] $argv[2]; and set -q words[(math $at + 1)]
            echo $words[(math $at + 1)]
            return
        end
    end
    echo $argv[3]
end

function __tdnf_repos
    tdnf -q -c (__tdnf_given -c --config /etc/tdnf/tdnf.conf) repolist $argv[1] 2>/dev/null | tail -n +2 | string replace -r ' .*' '' | string match -v '@*'
end

function __tdnf_available
    set -l conf (__tdnf_given -c --config /etc/tdnf/tdnf.conf)
    set -l root (string replace -r '/$' '' -- (__tdnf_given -i --installroot ''))
    set -l cachedir (string match -rg '^\s*cachedir\s*=\s*(\S.*?)\s*$' <$conf 2>/dev/null)[-1]
    test -n "$cachedir"; or set cachedir /var/cache/tdnf
    set -l files $root$cachedir/*/solvcache/*.names
    test (count $files) -gt 0; or return
    set -l begin (string replace -a . '\\.' -- (commandline -ct))
    LC_ALL=C grep -h "^$begin" $files 2>/dev/null
end

function __tdnf_installed
    rpm --root (__tdnf_given -i --installroot /) -qa --qf '%{NAME}\n' 2>/dev/null
end

complete -c tdnf -f
complete -c tdnf -n "not __tdnf_command" -a advisory -d "same as updateinfo, in dnf's words"
complete -c tdnf -n "not __tdnf_command" -a autoerase -d "same as autoremove"
complete -c tdnf -n "not __tdnf_command" -a autoremove -d "remove packages that nothing needs any more"
complete -c tdnf -n "not __tdnf_command" -a builddep -d "install what building a source package takes"
complete -c tdnf -n "not __tdnf_command" -a check -d "check that all available packages can be resolved"
complete -c tdnf -n "not __tdnf_command" -a check-local -d "check that the rpm files in a folder can be installed"
complete -c tdnf -n "not __tdnf_command" -a check-update -d "list installed packages that have updates"
complete -c tdnf -n "not __tdnf_command" -a check-upgrade -d "same as check-update"
complete -c tdnf -n "not __tdnf_command" -a clean -d "remove cached data"
complete -c tdnf -n "not __tdnf_command" -a config-manager -d "change repositories and settings"
complete -c tdnf -n "not __tdnf_command" -a count -d "count installed and available packages"
complete -c tdnf -n "not __tdnf_command" -a deplist -d "show what packages require and what provides it"
complete -c tdnf -n "not __tdnf_command" -a distro-sync -d "bring all packages to the repositories' versions"
complete -c tdnf -n "not __tdnf_command" -a downgrade -d "go back to an earlier version"
complete -c tdnf -n "not __tdnf_command" -a download -d "fetch package files into the current folder"
complete -c tdnf -n "not __tdnf_command" -a erase -d "remove packages"
complete -c tdnf -n "not __tdnf_command" -a help -d "show this text"
complete -c tdnf -n "not __tdnf_command" -a history -d "list past transactions"
complete -c tdnf -n "not __tdnf_command" -a info -d "show details of packages"
complete -c tdnf -n "not __tdnf_command" -a install -d "install packages, rpm files or URLs"
complete -c tdnf -n "not __tdnf_command" -a leaves -d "list installed packages that no other needs"
complete -c tdnf -n "not __tdnf_command" -a list -d "list packages"
complete -c tdnf -n "not __tdnf_command" -a localinstall -d "same as install"
complete -c tdnf -n "not __tdnf_command" -a makecache -d "refresh the metadata of all enabled repositories"
complete -c tdnf -n "not __tdnf_command" -a mark -d "mark packages as asked for, or as dependencies"
complete -c tdnf -n "not __tdnf_command" -a provides -d "find the packages that provide a file or capability"
complete -c tdnf -n "not __tdnf_command" -a reinstall -d "install a package again"
complete -c tdnf -n "not __tdnf_command" -a remove -d "same as erase"
complete -c tdnf -n "not __tdnf_command" -a repo -d "list or describe repositories, in dnf's words"
complete -c tdnf -n "not __tdnf_command" -a repoinfo -d "describe repositories"
complete -c tdnf -n "not __tdnf_command" -a repolist -d "list repositories"
complete -c tdnf -n "not __tdnf_command" -a repoquery -d "ask for packages and what they hold or need"
complete -c tdnf -n "not __tdnf_command" -a reposync -d "mirror the packages of repositories"
complete -c tdnf -n "not __tdnf_command" -a search -d "search names, summaries and descriptions"
complete -c tdnf -n "not __tdnf_command" -a swap -d "remove one package and install another"
complete -c tdnf -n "not __tdnf_command" -a update -d "bring packages to their latest version"
complete -c tdnf -n "not __tdnf_command" -a update-to -d "bring packages to a named version"
complete -c tdnf -n "not __tdnf_command" -a updateinfo -d "show advisories for installed packages"
complete -c tdnf -n "not __tdnf_command" -a upgrade -d "same as update"
complete -c tdnf -n "not __tdnf_command" -a upgrade-minimal -d "bring packages to the lowest version that advisories ask for"
complete -c tdnf -n "not __tdnf_command" -a upgrade-to -d "same as update-to"
complete -c tdnf -n "not __tdnf_command" -a version -d "show the version"
complete -c tdnf -n "not __tdnf_command" -a whatprovides -d "same as provides"
complete -c tdnf -l 4 -s 4
complete -c tdnf -l 6 -s 6
complete -c tdnf -l add-or-replace
complete -c tdnf -l add-repo -x
complete -c tdnf -l advisory -x
complete -c tdnf -l advisory-severities -x
complete -c tdnf -l all
complete -c tdnf -l alldeps
complete -c tdnf -l allowerasing
complete -c tdnf -l arch -x
complete -c tdnf -l assumeno
complete -c tdnf -l assumeyes -s y
complete -c tdnf -l available
complete -c tdnf -l best -s b
complete -c tdnf -l bugfix
complete -c tdnf -l builddeps
complete -c tdnf -l bz -x
complete -c tdnf -l cacheonly -s C
complete -c tdnf -l changelogs
complete -c tdnf -l checksum
complete -c tdnf -l color -x
complete -c tdnf -l comment -x
complete -c tdnf -l config -s c -r -F
complete -c tdnf -l conflicts
complete -c tdnf -l create-missing-dir
complete -c tdnf -l cve -x
complete -c tdnf -l debuglevel -s d -x
complete -c tdnf -l debugsolver
complete -c tdnf -l delete
complete -c tdnf -l depends
complete -c tdnf -l destdir -x -a "(__fish_complete_directories)"
complete -c tdnf -l disable
complete -c tdnf -l disable-excludes
complete -c tdnf -l disabled
complete -c tdnf -l disableexcludepkgs
complete -c tdnf -l disableexcludes
complete -c tdnf -l disableplugin -x
complete -c tdnf -l disablerepo -x -a "(__tdnf_repos enabled)"
complete -c tdnf -l downgrades
complete -c tdnf -l download-metadata
complete -c tdnf -l download-path -x -a "(__fish_complete_directories)"
complete -c tdnf -l downloaddir -x -a "(__fish_complete_directories)"
complete -c tdnf -l downloadonly
complete -c tdnf -l dump
complete -c tdnf -l duplicates
complete -c tdnf -l enable
complete -c tdnf -l enabled
complete -c tdnf -l enableplugin -x
complete -c tdnf -l enablerepo -x -a "(__tdnf_repos disabled)"
complete -c tdnf -l enhancement
complete -c tdnf -l enhances
complete -c tdnf -l exclude -x
complete -c tdnf -l extras
complete -c tdnf -l file -r -F
complete -c tdnf -l forcearch -x
complete -c tdnf -l from -x
complete -c tdnf -l from-repofile -x
complete -c tdnf -l gpgcheck
complete -c tdnf -l help -s h
complete -c tdnf -l id -x
complete -c tdnf -l info
complete -c tdnf -l installed
complete -c tdnf -l installroot -s i -x -a "(__fish_complete_directories)"
complete -c tdnf -l json
complete -c tdnf -l list
complete -c tdnf -l location
complete -c tdnf -l metadata-path -x -a "(__fish_complete_directories)"
complete -c tdnf -l minimal
complete -c tdnf -l newest-only
complete -c tdnf -l newpackage
complete -c tdnf -l no-best
complete -c tdnf -l no-docs
complete -c tdnf -l noautoremove
complete -c tdnf -l nobest
complete -c tdnf -l nodeps
complete -c tdnf -l nogpgcheck
complete -c tdnf -l noplugins
complete -c tdnf -l norepopath
complete -c tdnf -l obsoletes
complete -c tdnf -l overwrite
complete -c tdnf -l provides
complete -c tdnf -l qf -x
complete -c tdnf -l quiet -s q
complete -c tdnf -l reboot-required
complete -c tdnf -l recent
complete -c tdnf -l recommends
complete -c tdnf -l refresh
complete -c tdnf -l releasever -x
complete -c tdnf -l repo -x -a "(__tdnf_repos all)"
complete -c tdnf -l repofromdir -x
complete -c tdnf -l repofrompath -x
complete -c tdnf -l repoid -x -a "(__tdnf_repos all)"
complete -c tdnf -l requires
complete -c tdnf -l requires-pre
complete -c tdnf -l resolve
complete -c tdnf -l reverse
complete -c tdnf -l rpmdefine -x
complete -c tdnf -l rpmverbosity -x
complete -c tdnf -l save
complete -c tdnf -l save-filename -x
complete -c tdnf -l sec-severity -x
complete -c tdnf -l security
complete -c tdnf -l set-disabled
complete -c tdnf -l set-enabled
complete -c tdnf -l setopt -x
complete -c tdnf -l showduplicates
complete -c tdnf -l skip-broken
complete -c tdnf -l skip-unavailable
complete -c tdnf -l skipconflicts
complete -c tdnf -l skipdigest
complete -c tdnf -l skipobsoletes
complete -c tdnf -l skipsignature
complete -c tdnf -l source
complete -c tdnf -l suggests
complete -c tdnf -l summary
complete -c tdnf -l supplements
complete -c tdnf -l testonly
complete -c tdnf -l timer
complete -c tdnf -l to -x
complete -c tdnf -l updates
complete -c tdnf -l upgrades
complete -c tdnf -l urls
complete -c tdnf -l use-host-config
complete -c tdnf -l userinstalled
complete -c tdnf -l verbose -s v
complete -c tdnf -l version
complete -c tdnf -l whatconflicts -x
complete -c tdnf -l whatdepends -x
complete -c tdnf -l whatenhances -x
complete -c tdnf -l whatobsoletes -x
complete -c tdnf -l whatprovides -x
complete -c tdnf -l whatrecommends -x
complete -c tdnf -l whatrequires -x
complete -c tdnf -l whatsuggests -x
complete -c tdnf -l whatsupplements -x

complete -c tdnf -n "__tdnf_command install download reposync list info repoquery provides whatprovides swap" -a "(__tdnf_available)"
complete -c tdnf -n "__tdnf_command install reinstall" -k -a "(__fish_complete_suffix .rpm)"
complete -c tdnf -n "__tdnf_command erase remove autoerase autoremove update upgrade update-to upgrade-to downgrade reinstall check-update check-upgrade list info swap mark updateinfo advisory" -a "(__tdnf_installed)"
complete -c tdnf -n "__tdnf_command list info" -a "all installed available updates upgrades downgrades extras obsoletes recent"
complete -c tdnf -n "__tdnf_command updateinfo advisory" -a "summary list info"
complete -c tdnf -n "__tdnf_command mark" -a "install remove"
complete -c tdnf -n "__tdnf_command history" -a "list info init update undo redo rollback"
complete -c tdnf -n "__tdnf_command clean" -a "packages metadata dbcache keys expire-cache all"
complete -c tdnf -n "__tdnf_command repolist" -a "all enabled disabled"
complete -c tdnf -n "__tdnf_command repo" -a "list info"
complete -c tdnf -n "__tdnf_command check-local" -a "(__fish_complete_directories)"

for name in tdnfj tyum yum
    complete -c $name -w tdnf
end
