import { act } from "preact/test-utils";
import { describe, expect, test } from "vitest";
import type { Gpu } from "../schema/contract.gen";
import { changed, PANEL_STATES, type PanelState, type Traits, traitsOf } from "../testing/fixtures";
import { type ShownPanel, show, textIn, view } from "../testing/panel";
import { ModelSelection } from "./modelSelection";

const { system } = traitsOf("live");
const AT = traitsOf("live").at as number;
const GIB = 2 ** 30;

const machine = (values: Record<string, unknown>): Partial<Traits> => ({
  system: changed(system, values),
});
const button = (root: Element): HTMLButtonElement => {
  const found = root.querySelector<HTMLButtonElement>(".v-headline button");
  if (found === null) throw new Error("there is nothing to unfold");
  return found;
};
function press(root: Element): void {
  act(() => button(root).click());
}
const news = (root: Element): string => root.querySelector(".v-news")?.textContent ?? "";

function unfolded(state: PanelState, values: Partial<Traits> = {}): ShownPanel {
  const shown = show(state, values);
  press(shown.root);
  return shown;
}

const gpu = (index: number, values: Partial<Gpu> = {}): Gpu => ({
  index,
  name: "H100",
  utilization_percent: 10 * index,
  memory_used_bytes: (index + 1) * GIB,
  memory_total_bytes: 80 * GIB,
  temperature_celsius: 41.4,
  power_watts: 312.2,
  power_limit_watts: 700,
  energy_joules: null,
  process_memory_bytes: GIB,
  uuid: `GPU-${index}`,
  mig: false,
  reasons: {},
  ...values,
});

test("collapsed, it shows the limits that the meters refer to", () => {
  const { root, text } = show("live");
  expect(text("system.memory_scope")).toBe("container limit 8.0 GiB");
  expect(text("system.cpu_scope")).toBe("4 cores");
  expect(button(root).getAttribute("aria-expanded")).toBe("false");
  expect(root.querySelector(".v-group")).toBeNull();
  const host = show("live", machine({ memory_scope: "host", cpu_scope: "host" }));
  expect(host.text("system.memory_scope")).toBe("host 8.0 GiB");
});

test("two limits of different scopes are distinguished", () => {
  const { text } = show("live", machine({ cpu_scope: "host" }));
  expect(text("system.memory_scope")).toBe("container limit 8.0 GiB");
  expect(text("system.cpu_scope")).toBe("host 4 cores");
});

test("expanded, it shows the kernel, the machine and the processes", () => {
  const { text } = unfolded("live");
  expect(text("system.kernel_busy_since")).toMatch(/^since \d\d:\d\d:\d\d$/);
  expect(text("system.kernel_lag_seconds")).toBe("6.0 ms");
  expect(text("system.process_children")).toBe("2");
  expect(text("system.process_threads")).toBe("31");
  expect(text("system.process_open_files")).toBe("88");
  expect(text("system.open_files_percent")).toBe("6 % of 1,024");
  expect(text("system.shared_memory_free_bytes")).toBe("61 of 64 MiB free");
  expect(text("system.cpu_throttled_seconds")).toBe("0 %, 1.2 s in all");
  expect(text("system.memory_peak_bytes")).toBe("5.6 of 8.0 GiB");
  expect(text("system.memory_cache_bytes")).toBe("1.8 GiB");
  expect(text("system.cpu_wait_percent")).toBe("2 %");
  expect(text("system.cpu_pressure_percent")).toBe("6 %");
  expect(text("system.memory_pressure_percent")).toBe("0 %");
  expect(text("system.io_pressure_percent")).toBe("1 %");
  expect(text("system.process_memory_peak_bytes")).toBe("Peak 512 MiB");
  expect(text("system.disk_path")).toBe("/");
  expect(text("system.disk_io_scope")).toBe("container");
  expect(text("system.gpus_reason")).toBe("none for this process");
  expect(text("system.disk_read_bytes_per_second")).toBe("1.1 MiB/s");
  expect(text("system.disk_read_bytes")).toBe("8.4 GiB in all");
  expect(text("system.network_sent_bytes_per_second")).toBe("88 KiB/s");
  expect(text("system.top_processes.all.memory_bytes")).toBe("410 MiB");
  expect(text("system.top_processes.all.cpu_percent")).toBe("12 %");
  expect(text("system.top_processes.77.name")).toBe("pt_data_worker");
  expect(text("system.top_processes.77.memory_bytes")).toBe("60 MiB");
  expect(text("system.process_memory_kind")).toBe("Pages that processes share count once");
});

test("a few of very many open files are not none", () => {
  const { text } = unfolded("live", machine({ open_files_percent: 0.4, open_files_limit: 20_000 }));
  expect(text("system.open_files_percent")).toBe("1 % of 20,000");
});

test("memory in which shared pages may count twice says so", () => {
  const { text } = unfolded("live", machine({ process_memory_kind: "rss" }));
  expect(text("system.process_memory_kind")).toContain("more than once");
});

test("what is not known is a dash, never 0", () => {
  const { root, text } = unfolded("empty");
  const values = [...root.querySelectorAll('.v-system [data-vital^="system."]')];
  expect(values.length).toBeGreaterThan(20);
  for (const value of values) expect(value.textContent, value.outerHTML).toMatch(/^–( in all)?$/);
  expect(text("system.memory_full_seconds")).toBeUndefined();
  expect(root.querySelector(".v-system")?.textContent).not.toMatch(/null|NaN|undefined|\d/);
});

describe("expanded, every value has its own data-vital", () => {
  test.each(PANEL_STATES)("%s", (state) => {
    const { root } = unfolded(state);
    const all = [...root.querySelectorAll("[data-vital]")].map((e) => e.getAttribute("data-vital"));
    expect(all.filter((name, i) => all.indexOf(name) !== i)).toEqual([]);
  });
});

describe("urgent alerts replace the limits", () => {
  const calm = "container limit 8.0 GiB4 cores";

  test("nothing", () => {
    expect(news(show("live").root)).toBe(calm);
  });

  test("a forecast, only while there is one", () => {
    const { root, text, receive } = show("live", machine({ memory_full_seconds: 252 }));
    expect(text("system.memory_full_seconds")).toBe("Memory full in about 4 min at this rate");
    expect(news(root)).not.toContain("limit");
    receive(machine({ memory_full_seconds: null }));
    expect(text("system.memory_full_seconds")).toBeUndefined();
    expect(news(root)).toBe(calm);
  });

  test("a kill, for an hour; then it is still counted", () => {
    const { root, text, pass } = unfolded("live", machine({ oom_kills: 2, oom_kill_at: AT - 60 }));
    expect(text("system.oom_kill_at")).toMatch(/^Out-of-memory kill, \d\d:\d\d$/);
    expect(root.querySelector<HTMLElement>(".v-news span")?.dataset["tone"]).toBe("bad");
    pass(3_600);
    expect(text("system.oom_kill_at")).toBeUndefined();
    expect(text("system.oom_kills")).toMatch(/^2 killed, last \d\d:\d\d$/);
  });

  test("a kill from before this monitor is no news", () => {
    const { root, text } = unfolded("live", machine({ oom_kills: 1, oom_kill_at: null }));
    expect(news(root)).toBe(calm);
    expect(text("system.oom_kills")).toBe("1 killed");
  });

  test("a blocked GIL, with the delay of threads", () => {
    const starved = machine({ gil_starved: true, kernel_lag_seconds: 1.24 });
    const { root, text } = unfolded("live", starved);
    expect(text("system.gil_starved")).toBe("GIL held for 1.2 s");
    expect(text("system.kernel_lag_seconds")).toBe("1.2 s");
    expect(
      root.querySelector('[data-vital="system.kernel_lag_seconds"]')?.getAttribute("data-tone"),
    ).toBe("warn");
  });

  test("heavy throttling of an older kernel, not a little", () => {
    const older = { cpu_wait_percent: null };
    expect(news(show("live", machine({ ...older, cpu_throttled_percent: 5 })).root)).toBe(calm);
    const { text } = show("live", machine({ ...older, cpu_throttled_percent: 38 }));
    expect(text("system.cpu_throttled_percent")).toBe("CPU throttled 38 % of the time");
  });

  const waits = { cpu_wait_percent: 38, components: { cpu: "degraded" } };
  test("waiting for a CPU, where its health says so, and not a CPU that is busy", () => {
    const busy = machine({ cpu_percent: 100, cpu_wait_percent: 3, cpu_throttled_percent: 100 });
    expect(news(show("live", busy).root)).toBe(calm);
    const { text } = show("live", machine(waits));
    expect(text("system.cpu_wait_percent")).toBe("Waiting for a CPU 38 % of the time");
    const { text: throttled } = show("live", machine({ ...waits, cpu_throttled_percent: 60 }));
    expect(throttled("system.cpu_throttled_percent")).toBe("CPU throttled 60 % of the time");
  });

  test.each([
    ["memory", "All work waits for memory 61 % of the time"],
    ["io", "All work waits for the disk 61 % of the time"],
  ])("pressure of %s, where its health says so", (part, expected) => {
    const field = `${part}_pressure_percent`;
    expect(news(show("live", machine({ [field]: 61 })).root)).toBe(calm);
    const judged = { [field]: 61, components: { [`${part}_pressure`]: "degraded" } };
    expect(show("live", machine(judged)).text(`system.${field}`)).toBe(expected);
  });
});

test("what never happened has no line", () => {
  const { text } = unfolded("live", machine({ cpu_throttled_seconds: 0, oom_kills: 0 }));
  expect(text("system.cpu_throttled_seconds")).toBeUndefined();
  expect(text("system.oom_kills")).toBeUndefined();
});

test("for how long a cell runs counts up without a message, and ends with the kernel", () => {
  const { text, pass, receive, store } = show("live");
  expect(text("system.kernel_busy_seconds")).toBe("4m 12s");
  pass(1);
  expect(text("system.kernel_busy_seconds")).toBe("4m 13s");
  pass(60);
  expect(text("system.kernel_busy_seconds")).toBe("5m 13s");
  act(() => {
    store.connected.value = false;
  });
  pass(60);
  expect(text("system.kernel_busy_seconds")).toBe("4m 12s");
  receive(machine({ kernel_busy: false, kernel_busy_since: null, kernel_busy_seconds: null }));
  expect(text("system.kernel_busy_seconds")).toBeUndefined();
});

test("without an update interval the last value stays", () => {
  const { text, pass } = show("live", { interval: null });
  pass(60);
  expect(text("system.kernel_busy_seconds")).toBe("4m 12s");
});

test("whether a cell runs is shown, unless it is unknown", () => {
  const busyText = (values: Record<string, unknown>): string | null | undefined =>
    show("live", machine(values)).root.querySelector(".v-busy")?.textContent;
  expect(busyText({})).toBe("cell running 4m 12s");
  expect(busyText({ kernel_busy: false, kernel_busy_since: null })).toBe("no cell running");
  expect(busyText({ kernel_busy: null, kernel_busy_since: null })).toBe("");
});

describe("GPUs", () => {
  const eight = machine({
    gpus: Array.from({ length: 8 }, (_, i) => gpu(i)),
    gpu_percent: 70,
    gpu_memory_percent: 10,
    gpus_reason: null,
  });

  test("eight are two meters, and a card each when unfolded", () => {
    const { root, text } = show("live", eight);
    expect(root.querySelectorAll(".v-meter")).toHaveLength(6);
    expect(root.textContent).toContain("Busiest of 8 GPUs");
    expect(text("system.gpu_percent")).toBe("70 %");
    expect(root.textContent).toContain("GPU 7: 8.0 of 80.0 GiB");
    expect(text("system.gpus.3.utilization_percent")).toBeUndefined();
    press(root);
    expect(text("system.gpus.0.name")).toBe("H100");
    for (let i = 0; i < 8; i += 1) {
      expect(text(`system.gpus.${i}.utilization_percent`)).toBe(`${10 * i} %`);
    }
    expect(text("system.gpus.3.temperature_celsius")).toBe("41 °C");
    expect(text("system.gpus.3.power_watts")).toBe("312 of 700 W");
    expect(text("system.gpus.3.process_memory_bytes")).toBe("kernel 1.0 GiB");
    expect(text("system.gpus_reason")).toBeUndefined();
  });

  test("a reason that all GPUs share is shown once, another with its card", () => {
    const reasons = { process_memory_bytes: "pid_namespace" } as const;
    const gpus = Array.from({ length: 4 }, (_, i) =>
      gpu(i, { reasons: i === 2 ? { ...reasons, power_watts: "timeout" } : reasons }),
    );
    const { root } = unfolded("live", machine({ gpus }));
    const systemText = root.querySelector(".v-system")?.textContent ?? "";
    expect(systemText.match(/cannot be measured in this container/g)).toHaveLength(1);
    expect(systemText.match(/power: no answer in time/g)).toHaveLength(1);
  });

  test("two have a meter each from the start", () => {
    const { root, text } = show("live", machine({ gpus: [gpu(0), gpu(1)] }));
    expect(text("system.gpus.1.utilization_percent")).toBe("10 %");
    expect(text("system.gpus.1.memory_used_bytes")).toBe("2.0 of 80.0 GiB");
    expect(text("system.gpus.1.power_watts")).toBeUndefined();
    press(root);
    expect(text("system.gpus.1.power_watts")).toBe("312 of 700 W");
  });

  test("a value that a MIG instance lacks is a dash with its reason", () => {
    const { root, text } = unfolded(
      "live",
      machine({
        gpus: [
          gpu(0, {
            mig: true,
            utilization_percent: null,
            temperature_celsius: null,
            power_watts: null,
            power_limit_watts: null,
            process_memory_bytes: null,
            reasons: {
              utilization_percent: "mig",
              temperature_celsius: "not_supported",
              power_watts: "not_supported",
              process_memory_bytes: "pid_namespace",
            },
          }),
        ],
      }),
    );
    expect(text("system.gpus.0.utilization_percent")).toBe("–");
    expect(text("system.gpus.0.temperature_celsius")).toBe("– °C");
    expect(text("system.gpus.0.power_watts")).toBe("– W");
    const lines = [...root.querySelectorAll(".v-meter .v-more")].map((line) => line.textContent);
    expect(lines).toContain("utilization: a MIG instance has none of its own");
    expect(lines).toContain("temperature, power: the device does not tell");
    expect(lines).toContain("kernel: cannot be measured in this container");
  });

  test.each([
    ["no_driver", "no driver"],
    ["no_library", "the Python package for its driver is missing"],
    ["timeout", "no answer in time"],
  ])("that there is none has a reason: %s", (reason, words) => {
    expect(unfolded("live", machine({ gpus_reason: reason })).text("system.gpus_reason")).toBe(
      words,
    );
  });

  test("a full one is amber only when it is judged so: some frameworks fill it at once", () => {
    const tone = (health: "healthy" | "degraded"): string | undefined =>
      [
        ...show("live", {
          system: changed(eight.system, {
            gpu_memory_percent: 99,
            components: { gpu_memory: health },
          }),
        }).root.querySelectorAll<HTMLElement>(".v-half"),
      ][1]?.dataset["tone"];
    expect(tone("healthy")).toBeUndefined();
    expect(tone("degraded")).toBe("warn");
  });
});

test("components are named in words", () => {
  const { text } = show("live", machine({ limiter: "gpu_memory", system_health: "degraded" }));
  expect(text("system.limiter")).toBe("GPU memory");
  const waits = { limiter: "cpu", system_health: "degraded", cpu_wait_percent: 38 };
  expect(show("live", machine(waits)).text("system.limiter")).toBe("waiting for a CPU");
  // An older kernel judges the load.
  const loaded = { ...waits, cpu_wait_percent: null };
  expect(show("live", machine(loaded)).text("system.limiter")).toBe("CPU");
});

test("the keys that press the button do not reach the notebook", () => {
  const { root } = show("live");
  const keys: string[] = [];
  root.addEventListener("keydown", (event) => keys.push(event.key));
  for (const key of ["Enter", " ", "j"]) {
    button(root).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  }
  expect(keys).toEqual(["j"]);
});

test("details collapse again, and another view of the monitor is independent", () => {
  const { root, store } = show("live");
  const beside = view(store);
  press(root);
  expect(root.querySelectorAll(".v-group")).toHaveLength(3);
  expect(beside.querySelector(".v-group")).toBeNull();
  press(root);
  expect(root.querySelector(".v-group")).toBeNull();
});

test("a view with the selection of a former one is expanded like it", () => {
  const { store } = show("live");
  const selection = new ModelSelection(store);
  const first = view(store, selection);
  press(first);
  const second = view(store, selection);
  expect(button(second).getAttribute("aria-expanded")).toBe("true");
  expect(textIn(second, "system.process_threads")).toBe("31");
});

test("rates have charts, which exist only while details are expanded", () => {
  const { root } = show("live");
  const charts = (): (string | null)[] =>
    [...root.querySelectorAll(".v-system [data-chart]")].map((one) =>
      one.getAttribute("data-chart"),
    );
  expect(charts()).toEqual(["cpu_percent", "memory_percent"]);
  press(root);
  expect(charts()).toEqual([
    "cpu_percent",
    "memory_percent",
    "disk_read_bytes_per_second",
    "disk_written_bytes_per_second",
    "network_received_bytes_per_second",
    "network_sent_bytes_per_second",
  ]);
});
