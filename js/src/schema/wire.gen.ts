// Generated from src/ipyvitals/schema/protocol.py and src/ipyvitals/server/schema.py by scripts/generate_contract.py: edit that, not this.

import type { DriftSection, Durations, Event, LabelsSection, MetricsSection, ModelInfo, ModelSection, Notice, SystemSection, TrainingSection } from "./contract.gen";

/** Everything, as of the message `id`. */
export interface StateMessage {
  readonly type: "state";
  readonly id: number;
  /** Names this run of the server: numbers of another run mean nothing here. */
  readonly stream: string;
  readonly kernels: readonly KernelState[];
}

/** One kernel, and everything that is known of its monitors. */
export interface KernelState {
  readonly kernel_id: string;
  readonly kernel_name: string | null;
  /** Of its notebook, relative to the server's root; `None` where it has no session. */
  readonly path: string | null;
  readonly session_name: string | null;
  readonly execution_state: string | null;
  /** Frontends that are connected to the kernel. */
  readonly connections: number;
  /** Whether the server listens to the kernel. */
  readonly connected: boolean;
  /** Why the server cannot listen to it. */
  readonly unavailable: string | null;
  /** When its last update came. */
  readonly last_seen: number | null;
  /** Each in full, with the points behind its charts. */
  readonly monitors: readonly Update[];
}

/** Changes of one monitor since its last update; the whole state, when `full`. */
export interface Update {
  readonly v: number;
  readonly monitor: string;
  /** Counts the updates of one monitor from 1; a gap means that some were lost. */
  readonly n: number;
  readonly at: number;
  /** Number of the newest event. */
  readonly seq: number;
  readonly full: boolean;
  readonly closed: boolean;
  /** Seconds between readings of the machine. */
  readonly interval: number | null;
  readonly model?: ModelSection;
  readonly training?: TrainingSection;
  readonly metrics?: MetricsSection;
  readonly system?: SystemSection;
  readonly notices?: readonly Notice[];
  /** Those that changed; all of them, when `full`. */
  readonly models?: readonly ModelInfo[];
  /** Of the active model. */
  readonly durations?: Durations | null;
  readonly labels?: LabelsSection;
  /** Of the active model. */
  readonly drift?: DriftSection;
  /** Since the last update, oldest first. */
  readonly events: readonly Event[];
  /** Columns of `Point`; only in a reply to a request that asks for them. */
  readonly history?: Readonly<Record<string, readonly unknown[]>>;
}

/** What changed in one monitor; its events come as messages of their own. */
export interface UpdateMessage {
  readonly type: "update";
  readonly id: number;
  readonly kernel_id: string;
  readonly update: Update;
}

/** A kernel came, went, or is otherwise than before. */
export interface KernelMessage {
  readonly type: "kernel";
  readonly id: number;
  readonly kernel_id: string;
  readonly change: "added" | "dead" | "removed" | "restarted" | "session" | "unavailable";
  /** As it is now; `None` once it is gone. */
  readonly kernel: KernelState | null;
}

/** The client was too slow for `count` messages; the state as it is now comes next. */
export interface MissedMessage {
  readonly type: "missed";
  readonly id: number;
  readonly count: number;
}

/** What a `POST` did. */
export interface ActionAnswer {
  /** How many runs were asked to stop, or models acknowledged or reset. */
  readonly done: number;
}

/** What went wrong, for people. */
export interface ErrorAnswer {
  readonly message: string;
}

/** The type of every field, for checks at run time; `?` where it may be absent. */
export const WIRE_KINDS = {
  "StateMessage": {
    "type": "=state",
    "id": "number",
    "stream": "string",
    "kernels": "KernelState[]"
  },
  "KernelState": {
    "kernel_id": "string",
    "kernel_name": "string|null",
    "path": "string|null",
    "session_name": "string|null",
    "execution_state": "string|null",
    "connections": "number",
    "connected": "boolean",
    "unavailable": "string|null",
    "last_seen": "number|null",
    "monitors": "Update[]"
  },
  "Update": {
    "v": "number",
    "monitor": "string",
    "n": "number",
    "at": "number",
    "seq": "number",
    "full": "boolean",
    "closed": "boolean",
    "interval": "number|null",
    "model": "ModelSection?",
    "training": "TrainingSection?",
    "metrics": "MetricsSection?",
    "system": "SystemSection?",
    "notices": "Notice[]?",
    "models": "ModelInfo[]?",
    "durations": "Durations|null?",
    "labels": "LabelsSection?",
    "drift": "DriftSection?",
    "events": "Event[]",
    "history": "{unknown[]}?"
  },
  "UpdateMessage": {
    "type": "=update",
    "id": "number",
    "kernel_id": "string",
    "update": "Update"
  },
  "KernelMessage": {
    "type": "=kernel",
    "id": "number",
    "kernel_id": "string",
    "change": "added|dead|removed|restarted|session|unavailable",
    "kernel": "KernelState|null"
  },
  "MissedMessage": {
    "type": "=missed",
    "id": "number",
    "count": "number"
  },
  "ActionAnswer": {
    "done": "number"
  },
  "ErrorAnswer": {
    "message": "string"
  }
} as const;
