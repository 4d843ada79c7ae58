// The keys that a notebook has commands for, and that elements of the panel need.

/** Keeps the keys that move and press from the notebook, and letters in a text field. */
export function stopNotebookKeys(event: KeyboardEvent): void {
  const isTyping = (event.target as HTMLElement).matches("input[type=search]");
  if (isTyping || /^(Arrow.*|Page.*|Home|End| |Enter)$/.test(event.key)) event.stopPropagation();
}
