// An executor in another language: the spec of a run on stdin, the envelope on stdout.

const fs = require("node:fs");

const tasks = {
  sum: (...numbers) => numbers.reduce((a, b) => a + b, 0),
  who: (run) => ({ result_id: run.result_id, attempt: run.attempt, argv: process.argv.slice(2) }),
  fail: (message) => {
    throw new RangeError(message);
  },
  babble: () => process.stdout.write("not JSON"),
  flood: (size) => "x".repeat(size),
  die: () => process.kill(process.pid, "SIGKILL"),
  leave: (code) => {
    console.error("last words of node");
    process.exit(code);
  },
  quiet: () => undefined,
  told: (name) => JSON.parse(fs.readFileSync(Number(process.env.REPROQ_ENVIRONMENT_FD)))[name],
  hold: () => {
    // Left behind, with standard output open.
    require("node:child_process").spawn("sleep", ["600"], { stdio: "inherit" }).unref();
    return "left";
  },
  sleep: (seconds) =>
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000),
};

function payload() {
  const [mode, value] = process.argv.slice(2);
  if (mode === "--payload-file") return fs.readFileSync(value);
  if (mode === "--payload-json") return value;
  return fs.readFileSync(0);
}

function answer(envelope) {
  fs.writeSync(1, JSON.stringify(envelope));
  process.exit(envelope.ok ? 0 : 1);
}

const spec = JSON.parse(payload());
const task = tasks[spec.task_path.split(".").pop()];
try {
  const value = spec.takes_context ? task(spec.run) : task(...spec.args);
  if (spec.task_path !== "node.babble") answer({ ok: true, return: value });
} catch (error) {
  answer({
    ok: false,
    exception_class: error.name,
    message: error.message,
    traceback: error.stack,
    retry: false,
  });
}
