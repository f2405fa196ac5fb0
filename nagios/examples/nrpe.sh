#!/bin/sh
# nrpe.sh AGENT/PLUGIN OPTIONS...: have an NRPE agent run the plugin with the options that stand in its own nrpe.cfg.
# One plugin may serve several services: --component registry asks for the command check_harbor_component_registry.

agent=${1%%/*} command=${1##*/}
while [ $# -gt 1 ]; do
    case $1 in
        --component | --reminder) command=${command}_$2 ;;
    esac
    shift
done
exec "${CHECK_NRPE:-/usr/lib/nagios/plugins/check_nrpe}" -u -t 60 -H "$agent" -c "$command"
