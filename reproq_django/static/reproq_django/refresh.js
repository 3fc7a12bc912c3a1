"use strict";
// Refreshes what is on the page: the overview in place, the list of runs by loading it anew. It can
// be paused, and stands still while nobody looks. Without JavaScript the pages stay as they are.
(() => {
    const KEY = "reproq.refreshing.paused";

    function stored() {
        try {
            return localStorage.getItem(KEY) === "1";
        } catch {
            return false;
        }
    }

    function store(paused) {
        try {
            localStorage.setItem(KEY, paused ? "1" : "0");
        } catch {
            // A private window: it holds for this page.
        }
    }

    // Calls `work` again and again, `seconds` after it was done, and slower where it is slow.
    function repeat(bar, seconds, work) {
        const button = bar.querySelector(".reproq-pause");
        let paused = stored();
        let timer = 0;

        function show() {
            button.hidden = false;
            button.setAttribute("aria-pressed", String(paused));
            button.textContent = paused ? button.dataset.resume : button.dataset.pause;
        }

        function plan(delay) {
            clearTimeout(timer);
            if (!paused) {
                timer = setTimeout(run, delay);
            }
        }

        async function run() {
            if (document.hidden) {
                return;
            }
            const started = performance.now();
            await work();
            plan(Math.max(seconds * 1000, 10 * (performance.now() - started)));
        }

        button.addEventListener("click", () => {
            paused = !paused;
            store(paused);
            show();
            plan(0);
        });
        document.addEventListener("visibilitychange", () => {
            if (!document.hidden) {
                plan(0);
            }
        });
        show();
        plan(seconds * 1000);
    }

    function refresh(bar) {
        const target = document.getElementById(bar.dataset.reproqInto);
        const stale = bar.querySelector(".reproq-stale");
        repeat(bar, Number(bar.dataset.seconds), async () => {
            try {
                const response = await fetch(bar.dataset.reproqRefresh, {
                    credentials: "same-origin",
                    // A session that has ended answers with the login page.
                    redirect: "error",
                });
                if (!response.ok) {
                    throw new Error(String(response.status));
                }
                const text = await response.text();
                const focused = target.contains(document.activeElement)
                    ? document.activeElement.id
                    : "";
                target.innerHTML = text;
                if (focused) {
                    document.getElementById(focused)?.focus();
                }
                stale.textContent = "";
            } catch {
                stale.textContent = stale.dataset.words;
            }
        });
    }

    function reload(bar) {
        repeat(bar, Number(bar.dataset.reproqReload), async () => {
            const busy =
                document.querySelector("input.action-select:checked, .messagelist") ||
                ["INPUT", "SELECT"].includes(document.activeElement?.tagName);
            if (!busy) {
                location.reload();
            }
        });
    }

    document.addEventListener("DOMContentLoaded", () => {
        document.querySelectorAll("[data-reproq-refresh]").forEach(refresh);
        document.querySelectorAll("[data-reproq-reload]").forEach(reload);
    });
})();
