// What the page writes for each kind of case in tests/contract/formats.json.

import type { Maybe } from "../text/format";
import * as format from "../text/format";
import { english } from "../text/language";
import { comparison } from "../view/labels";

type Rule = Parameters<typeof comparison>[0];

const KINDS: Record<string, (...values: never[]) => string> = {
  count: format.count,
  short_count: format.shortCount,
  tenths: format.tenths,
  ratio: format.ratio,
  ratio_whole: format.ratioWhole,
  ratio_plain: format.ratioPlain,
  percent: format.percent,
  progress: format.progress,
  latency: format.latencyText,
  error_size: format.errorSize,
  psi: format.psi,
  metric: format.metric,
  bytes: format.bytes,
  bytes_of: (used: Maybe, whole: Maybe) => format.bytesOf(used, whole, english),
  capacity: format.capacity,
  cores: (value: Maybe) => format.cores(value, english),
  cores_used: (percents: Maybe, limit: Maybe) => format.coresUsed(percents, limit, english),
  duration: format.duration,
  elapsed: format.elapsed,
  roughly: format.roughly,
  evidence: (rule: Rule, saw: Maybe, limit: Maybe) => comparison(rule, saw, limit, english),
};

export function written(kind: string, values: readonly unknown[]): string {
  const write = KINDS[kind];
  if (write === undefined) throw new Error(`nothing writes a ${kind}`);
  return write(...(values as never[]));
}
