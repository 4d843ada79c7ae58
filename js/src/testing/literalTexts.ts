// Finds the texts of a source file that users would read and that are not translated.
import ts from "typescript";

/** Symbols that are the same in every language. */
const SYMBOLS = new Set(["p50", "p99", "CPU", "CPU,", "GPU", "MIG", "/min", "MAE", "RMSE", "Wh"]);
/** Attributes and properties that users read. */
const READ_ATTRIBUTES = /^(title|label|unit|pending|caption|aria-(label|valuetext|description))$/;
/** Calls whose arguments are not shown to users. */
const IGNORED_CALLS = /^(console\.\w+|import|import\.meta\.glob|socket\.close|matchMedia)$/;
const TRANSLATES = /(^|\.)trans\.(__|_n)$/;

const hasLetters = (text: string): boolean => /\p{L}{2}/u.test(text);
/** Returns whether a text is English, and not a key such as `v-tile` or `ArrowLeft`. */
const isProse = (text: string): boolean =>
  /^[A-Z]\p{Ll}+$/u.test(text) || /\p{L}{2},? \p{L}/u.test(text);

export function literalTexts(name: string, source: string): string[] {
  const kind = name.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.ES2022, true, kind);
  const found: string[] = [];
  const note = (raw: string, isRead: (text: string) => boolean): void => {
    const text = raw.replace(/\s+/g, " ").trim();
    if (isRead(text) && !SYMBOLS.has(text)) found.push(text);
  };
  const visit = (node: ts.Node, isRead: boolean): void => {
    if (isSilent(node)) return;
    if (ts.isCallExpression(node)) {
      const called = node.expression.getText(file);
      if (IGNORED_CALLS.test(called)) return;
      const texts = TRANSLATES.test(called) ? (called.endsWith("_n") ? 2 : 1) : 0;
      visit(node.expression, false);
      for (const value of node.arguments.slice(texts)) visit(value, isRead);
      return;
    }
    if (ts.isJsxText(node)) note(node.text, hasLetters);
    if (ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node)) {
      note(node.text, isRead ? hasLetters : isProse);
    }
    const within = ts.isJsxAttribute(node) ? READ_ATTRIBUTES.test(node.name.getText(file)) : isRead;
    const shown = ts.isJsxExpression(node) && !ts.isJsxAttribute(node.parent);
    ts.forEachChild(node, (child) => visit(child, within || shown));
  };
  visit(file, false);
  return found;
}

/** Returns whether a node has no text for users: types, imports, class names, code, comparisons. */
function isSilent(node: ts.Node): boolean {
  if (ts.isTypeNode(node) || ts.isImportDeclaration(node)) return true;
  if (ts.isJsxAttribute(node)) return node.name.getText() === "class";
  if (ts.isJsxElement(node)) return node.openingElement.tagName.getText() === "code";
  if (!ts.isStringLiteralLike(node)) return false;
  const { parent } = node;
  return (
    ts.isCaseClause(parent) ||
    (ts.isBinaryExpression(parent) && /^[!=]==$/.test(parent.operatorToken.getText()))
  );
}
