#!/bin/sh
# nrpe.sh AGENT/PLUGIN OPTIONS...: have an NRPE agent run the plugin with the options in the agent's own nrpe.cfg.
# One plugin can serve several services: --component registry requests the command check_harbor_component_registry.

agent=${1%%/*} command=${1##*/}
while [ $# -gt 1 ]; do
    case $1 in
        --component | --reminder) command=${command}_$2 ;;
    esac
    shift
done
exec "${CHECK_NRPE:-/usr/lib/nagios/plugins/check_nrpe}" -u -t 60 -H "$agent" -c "$command"
