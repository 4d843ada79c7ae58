// Generated from ipyvitals.health.rules and ipyvitals.schema.messages by scripts/generate_contract.py: edit that, not this.

export const RULES = ["accuracy", "baseline", "error_rate", "latency_p95", "drift", "error_drift", "silence"] as const;

export type Rule = (typeof RULES)[number];

/** The unit of a rule's value and threshold, and what it counts as evidence. */
export const RULE_FACTS = {
  "accuracy": {
    "unit": "ratio",
    "evidence": "labels"
  },
  "baseline": {
    "unit": "ratio",
    "evidence": "labels"
  },
  "error_rate": {
    "unit": "ratio",
    "evidence": "calls"
  },
  "latency_p95": {
    "unit": "latency",
    "evidence": "calls"
  },
  "drift": {
    "unit": "psi",
    "evidence": "rows"
  },
  "error_drift": {
    "unit": "ratio",
    "evidence": "labels"
  },
  "silence": {
    "unit": "duration",
    "evidence": "predictions"
  }
} as const;

/** The words for values of the sections, by code. */
export const LABELS = {
  "component.cpu": "CPU",
  "component.memory": "memory",
  "component.disk": "disk",
  "component.gpu_memory": "GPU memory",
  "component.shared_memory": "shared memory",
  "component.open_files": "open files",
  "training.ready": "Ready",
  "training.system_ready": "System ready",
  "training.training": "Training",
  "training.interrupted": "Interrupted",
  "training.stopped_on_request": "Stopped on request",
  "scope.host": "host",
  "scope.container": "container",
  "labels_lost.evicted": "evicted",
  "labels_lost.expired": "expired",
  "labels_lost.unknown": "unknown",
  "labels_lost.duplicate": "duplicate",
  "labels_lost.early": "early",
  "labels_lost.missing": "missing",
  "labels_lost.mismatched": "mismatched"
} as const;
