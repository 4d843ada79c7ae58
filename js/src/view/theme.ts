// What the page around the panel tells it: light or dark, seen or hidden.

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

/** The theme that the page declares, or null where it follows the reader's system. */
export function pageTheme(page: Document = document): Theme | null {
  return themeOf(page.body) ?? themeOf(page.documentElement);
}

/** Calls `changed` now and whenever colours may have changed, until the signal aborts. */
export function watchTheme(changed: (theme: Theme | null) => void, signal: AbortSignal): void {
  let last: string | undefined;
  const check = (): void => {
    const theme = pageTheme();
    const name = document.body.getAttribute("data-jp-theme-name");
    const now = `${theme} ${name} ${system.matches}`;
    if (now === last) return;
    last = now;
    changed(theme);
  };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(check);
  for (const element of [document.documentElement, document.body]) {
    observer.observe(element, { attributes: true, attributeFilter: THEME_ATTRIBUTES });
  }
  system.addEventListener("change", check, { signal });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  check();
}

/** Calls `changed` whenever `element` comes into or leaves sight, until the signal aborts. */
export function watchVisible(
  element: Element,
  changed: (visible: boolean) => void,
  signal: AbortSignal,
): void {
  let inView = true;
  const report = (): void => changed(inView && document.visibilityState !== "hidden");
  const observer = new IntersectionObserver((entries) => {
    inView = entries.at(-1)?.isIntersecting ?? true;
    report();
  });
  observer.observe(element);
  document.addEventListener("visibilitychange", report, { signal });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
}
