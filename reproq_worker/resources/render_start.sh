#!/usr/bin/env bash
# Web, worker and beat in one service: see "One service for all" in docs/deployment.md for the variables.
# Worker and beat are started anew when they end; when the web process ends, so does everything.
set -euo pipefail

: "${REPROQ_WEB_CMD:?is required: the command of the web process}"
concurrency=${REPROQ_CONCURRENCY:-3}
metrics_addr=${METRICS_ADDR:-127.0.0.1:9090}
beat_interval=${REPROQ_BEAT_INTERVAL:-30s}
# Without a colon: a variable that is set but empty means that there shall be none.
worker_cmd=${REPROQ_WORKER_CMD-python manage.py reproq worker --concurrency $concurrency --metrics-addr $metrics_addr}
beat_cmd=${REPROQ_BEAT_CMD-python manage.py reproq beat --interval $beat_interval}
restart_delay=${REPROQ_RESTART_DELAY_SECONDS:-5}

say() { echo "[render_start] $*" >&2; }

is_off() {
    case ${1,,} in "" | 0 | false | off | disabled | none) return 0 ;; *) return 1 ;; esac
}

prestart() {
    local interval=${REPROQ_PRESTART_INTERVAL_SECONDS:-5} deadline
    deadline=$((SECONDS + ${REPROQ_PRESTART_MAX_WAIT_SECONDS:-120}))
    until bash -c "$REPROQ_PRESTART_CMD"; do
        if ((SECONDS + interval > deadline)); then
            say "REPROQ_PRESTART_CMD has not succeeded: giving up"
            exit 1
        fi
        say "REPROQ_PRESTART_CMD failed; again in $interval s"
        sleep "$interval"
    done
}

# supervise ROLE COMMAND: for ever, until this subshell is told to end; then the command first.
supervise() {
    local role=$1 command=$2
    # (The shell knows its jobs at once; a variable that is set after the start would be a moment late.)
    trap 'trap "" TERM; kill -TERM $(jobs -p) 2>/dev/null || true; wait; exit 0' TERM
    while true; do
        REPROQ_PROCESS_ROLE=$role bash -c "exec $command" &
        wait $! && code=0 || code=$?
        say "$role ended ($code); again in $restart_delay s"
        sleep "$restart_delay" &
        wait $!
    done
}

[ -z "${REPROQ_PRESTART_CMD:-}" ] || prestart

case ${LOW_MEMORY_MODE:-} in
1 | true | yes | on) beat_cmd="" ;;
esac
[ "${REPROQ_SCHEDULER_MODE:-beat}" = beat ] || beat_cmd=""

# From here on there is somebody to be ended. A signal that comes before the web process waits for it.
web="" stopping=""
trap 'stopping=1; [ -z "$web" ] || kill -TERM "$web" 2>/dev/null || true' TERM INT

supervisors=()
is_off "$worker_cmd" || { supervise worker "$worker_cmd" & supervisors+=($!); }
is_off "$beat_cmd" || { supervise beat "$beat_cmd" & supervisors+=($!); }
REPROQ_PROCESS_ROLE=web bash -c "exec $REPROQ_WEB_CMD" &
web=$!
[ -z "$stopping" ] || kill -TERM "$web" 2>/dev/null || true

# Web first: it must not take requests that enqueue what nobody will run. It is waited for again,
# because each signal ends a wait.
wait "$web" && code=0 || code=$?
while kill -0 "$web" 2>/dev/null; do
    wait "$web" && code=0 || code=$?
done
say "web ended ($code)"
for supervisor in "${supervisors[@]+"${supervisors[@]}"}"; do
    kill -TERM "$supervisor" 2>/dev/null || true
done
wait
exit "$code"
