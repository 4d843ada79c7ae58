// The theme of the page: read from its attributes, and watched once for all panels.
import { type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

export type Theme = "light" | "dark";

const THEME_ATTRIBUTES = [
  "class",
  "theme",
  "data-theme",
  "data-jp-theme-light",
  "data-jp-theme-name",
  "data-vscode-theme-kind",
];

function themeOf(element: HTMLElement): Theme | null {
  const { classList } = element;
  const jupyter = element.getAttribute("data-jp-theme-light");
  const named = element.getAttribute("theme") ?? element.getAttribute("data-theme");
  if (classList.contains("vscode-high-contrast-light")) return "light";
  if (
    jupyter === "false" ||
    named === "dark" ||
    ["vscode-dark", "vscode-high-contrast", "dark", "dark-theme"].some((c) => classList.contains(c))
  ) {
    return "dark";
  }
  if (
    jupyter === "true" ||
    named === "light" ||
    ["vscode-light", "light", "light-theme"].some((c) => classList.contains(c))
  ) {
    return "light";
  }
  return null;
}

/** Returns the theme that the page declares, or null where the page follows the system's. */
export function pageTheme(page: Document = document): Theme | null {
  return themeOf(page.body) ?? themeOf(page.documentElement);
}

type ThemeListener = (theme: Theme | null) => void;

/** Notifies its listeners of theme changes; observes the page only while it has listeners. */
class ThemeWatcher {
  readonly #listeners = new Set<ThemeListener>();
  #system: MediaQueryList | undefined;
  #observer: MutationObserver | undefined;
  #last = "";

  /** Calls `listener` now and after each change, until the returned function is called. */
  subscribe(listener: ThemeListener): () => void {
    if (this.#listeners.size === 0) this.#start();
    // Wrapped, so that a function which subscribes twice is called twice.
    const entry: ThemeListener = (theme) => listener(theme);
    this.#listeners.add(entry);
    listener(pageTheme());
    return () => {
      if (this.#listeners.delete(entry) && this.#listeners.size === 0) this.#stop();
    };
  }

  #start(): void {
    this.#system = matchMedia("(prefers-color-scheme: dark)");
    this.#system.addEventListener("change", this.#check);
    this.#observer = new MutationObserver(this.#check);
    for (const element of [document.documentElement, document.body]) {
      this.#observer.observe(element, { attributes: true, attributeFilter: THEME_ATTRIBUTES });
    }
    this.#last = this.#state();
  }

  #stop(): void {
    this.#system?.removeEventListener("change", this.#check);
    this.#observer?.disconnect();
  }

  readonly #check = (): void => {
    const state = this.#state();
    if (state === this.#last) return;
    this.#last = state;
    const theme = pageTheme();
    for (const listener of [...this.#listeners]) listener(theme);
  };

  /** Returns everything that colours depend on; two themes of JupyterLab may both be dark. */
  #state(): string {
    const name = document.body.getAttribute("data-jp-theme-name");
    return `${pageTheme()} ${name} ${this.#system?.matches}`;
  }
}

/**
 * Where the watcher is stored on the document. Each widget of anywidget and the JupyterLab
 * extension load this module separately, so a variable of the module would not be shared.
 */
const WATCHER_KEY = Symbol.for("ipyvitals.theme-watcher.v1");

function pageWatcher(): Pick<ThemeWatcher, "subscribe"> {
  const page = document as { [WATCHER_KEY]?: Pick<ThemeWatcher, "subscribe"> };
  page[WATCHER_KEY] ??= new ThemeWatcher();
  return page[WATCHER_KEY];
}

/** Calls `changed` now and whenever the page's colours may have changed, until the signal aborts. */
export function watchTheme(changed: ThemeListener, signal: AbortSignal): void {
  if (signal.aborted) return;
  signal.addEventListener("abort", pageWatcher().subscribe(changed), { once: true });
}

/** Returns the page's theme as a signal that is updated while the component is mounted. */
export function useTheme(): ReadonlySignal<Theme | null> {
  const theme = useSignal<Theme | null>(pageTheme());
  useEffect(() => {
    const controller = new AbortController();
    watchTheme((found) => {
      theme.value = found;
    }, controller.signal);
    return () => controller.abort();
  }, [theme]);
  return theme;
}
