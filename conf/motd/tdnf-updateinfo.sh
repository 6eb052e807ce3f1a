#!/bin/sh
# Part of the message of the day: what tdnf-cache-updateinfo found.
file=${TDNF_UPDATEINFO_FILE:-/var/cache/tdnf/cached-updateinfo.txt}

if [ ! -s "$file" ]; then
    echo "tdnf update info not available yet!"
elif grep -q -w -e Security -e Bugfix -e Enhancement "$file"; then
    cat "$file"
    echo "Run 'tdnf updateinfo info' to see the details."
fi
