#!/bin/sh
# selfcheck.sh NAGIOS.CFG HOST: lists the harbor services of the host that are UNKNOWN, in a hard state, and do not name
# a service of this host that owns the failure. WARNING with that list.

if [ ! -r "$1" ]; then
    echo "HARBOR SELFCHECK WARNING - cannot read the configuration of Nagios, $1, which names its status file"
    exit 1
fi

# Not from the macro $STATUSDATAFILE$: Nagios 4.4.6 loses it on reload.
status=$(sed -n 's/^[[:space:]]*status_file[[:space:]]*=[[:space:]]*//p' "$1" | tail -n 1)
if [ ! -r "$status" ]; then
    echo "HARBOR SELFCHECK WARNING - cannot read the status file $status (status_file in $1)"
    exit 1
fi

# Other blocks (comments, downtimes) have the same fields. LC_ALL=C: plugin output has no guaranteed encoding.
LC_ALL=C HOST=$2 exec awk '
function value() {
    return substr($0, index($0, "=") + 1)
}
$0 == "servicestatus {"   { inside = 1; host = name = output = ""; state = hard = 0; next }
!inside                   { next }
/^\thost_name=/           { host = value() }
/^\tservice_description=/ { name = value() }
/^\tcurrent_state=/       { state = value() }
/^\tstate_type=/          { hard = value() }
/^\tplugin_output=/       { output = value() }
$0 == "\t}" {
    inside = 0
    if (host == ENVIRON["HOST"] && name ~ /^harbor-/) {
        here[name] = ++count
        names[count] = name
        if (state == 3 && hard == 1)
            unknown[name] = output
    }
}
# Whether the text ends with the name of a service of this host. Text from a server may come before it and look alike.
function explained(text) {
    sub(/[ \t\r]+$/, "", text)
    if (!match(text, / \(see harbor-[a-z0-9_-]+\)$/))
        return 0
    return substr(text, RSTART + 6, RLENGTH - 7) in here
}
function shown(text) {
    gsub(/\|/, "/", text)
    gsub(/[^ -~]/, "?", text)
    return substr(text, 1, 160)
}
END {
    for (i = 1; i <= count; i++) {
        name = names[i]
        if (name in unknown && !explained(unknown[name])) {
            unjudged++
            list = list ", " name " (" shown(unknown[name]) ")"
        }
    }
    if (!count)
        text = "WARNING - the status file has no service of " ENVIRON["HOST"]
    else if (unjudged)
        text = "WARNING - " unjudged (unjudged == 1 ? " check" : " checks") " could not judge: " substr(list, 3)
    else
        text = "OK - every check could judge"
    print "HARBOR SELFCHECK " text " | unjudged=" unjudged + 0 ";0"
    exit text ~ /^WARNING/
}' < "$status"
