// Generated from src/ipyvitals/schema/ by scripts/generate_contract.py: edit that, not this.

import { RULES, type Rule } from "./rules.gen";

export * from "./rules.gen";

export const STATUSES = ["registered", "training", "active", "idle", "degraded", "unhealthy", "stopped", "failed"] as const;

export type Status = (typeof STATUSES)[number];

export const HEALTHS = ["unknown", "healthy", "degraded", "unhealthy"] as const;

export type Health = (typeof HEALTHS)[number];

export const TRAINING_STATES = ["idle", "running", "completed", "stopped", "failed", "lost"] as const;

export type TrainingState = (typeof TRAINING_STATES)[number];

export const TASKS = ["classification", "regression"] as const;

export type Task = (typeof TASKS)[number];

export const RUN_ENDS = ["completed", "failed", "stopped", "requested", "interrupted", "left", "cell", "replaced", "returned", "closed"] as const;

export type RunEnd = (typeof RUN_ENDS)[number];

export const ALERT_KINDS = ["stalled", "not_finite", "recovered"] as const;

export type AlertKind = (typeof ALERT_KINDS)[number];

export const GOALS = ["min", "max"] as const;

export type Goal = (typeof GOALS)[number];

/** The sets of strings above, by the name of their type. */
export const STRING_SETS = {
  Status: STATUSES,
  Health: HEALTHS,
  TrainingState: TRAINING_STATES,
  Task: TASKS,
  RunEnd: RUN_ENDS,
  AlertKind: ALERT_KINDS,
  Goal: GOALS,
  Rule: RULES,
} as const;

/** Everything known at one moment. */
export interface Snapshot {
  readonly monitor: string;
  readonly seq: number;
  readonly at: number;
  readonly model: ModelSection;
  readonly training: TrainingSection;
  readonly metrics: MetricsSection;
  readonly system: SystemSection;
  readonly notices: readonly Notice[];
  readonly models: readonly ModelInfo[];
  readonly durations: Durations | null;
  readonly labels: LabelsSection;
  readonly drift: DriftSection;
  /** The open runs, oldest first, then the last 20 that ended, newest first. */
  readonly runs: readonly RunInfo[];
  /** Other processes that report to this monitor: those alive first, 100 at most. */
  readonly workers: readonly WorkerInfo[];
}

/** The active model: its identity, status and health. */
export interface ModelSection {
  readonly model_id: string | null;
  readonly name: string | null;
  readonly version: string | null;
  readonly trained_at: number | null;
  readonly status: Status;
  readonly total_predictions: number;
  readonly deployed_at: number | null;
  readonly status_since: number | null;
  /** The reason of the status, e.g. `"Accuracy dropped below threshold"`. */
  readonly reason: string | null;
  /** The rule behind `reason`; the next three fields are in its unit. */
  readonly reason_rule: Rule | null;
  readonly reason_value: number | null;
  readonly reason_threshold: number | null;
  /** The number of labels, calls or predictions behind `reason_value`. */
  readonly reason_n: number | null;
  /** The code of `reason`; `None` where a user or an exception wrote it. */
  readonly reason_code: string | null;
  /** The values in the sentence of that code. */
  readonly reason_args: Readonly<Record<string, string | number>>;
  readonly health: Health;
  readonly uptime_seconds: number | null;
  /** The accuracy that was measured before the deployment. */
  readonly baseline_accuracy: number | null;
  /** When somebody acknowledged the status; `None` again as soon as it changes. */
  readonly acknowledged_at: number | null;
  /** Unix time at which this monitor began, in this kernel. */
  readonly watching_since: number | null;
  /** When an earlier kernel stored the state that the model goes on from; `None` without one. */
  readonly resumed_from_at: number | null;
  /** How many of `total_predictions` are of earlier kernels; `None` without such a state. */
  readonly resumed_predictions: number | null;
}

/** The training run that the panel shows, or `"Ready"` without one. */
export interface TrainingSection {
  readonly state: TrainingState;
  readonly stage: string;
  /** Percent in [0, 100]; `None` while the total is not known. */
  readonly progress: number | null;
  readonly details: string;
  readonly current: number | null;
  readonly total: number | null;
  readonly rate_per_second: number | null;
  readonly eta_seconds: number | null;
  readonly elapsed_seconds: number | null;
  readonly metrics: Readonly<Record<string, number | null>>;
  /** Whether the run was asked to end; ending may take some time. */
  readonly stop_requested: boolean;
  /** The run in front, of `Snapshot.runs`; `None` before the first run. */
  readonly run_id: string | null;
}

/** Recent performance of the active model. */
export interface MetricsSection {
  readonly current_accuracy: number | null;
  readonly predictions_per_minute: number;
  readonly total_predictions: number;
  readonly model_health: Health;
  readonly accuracy_low: number | null;
  readonly accuracy_high: number | null;
  readonly accuracy_threshold: number | null;
  readonly window_labelled: number;
  readonly total_labelled: number;
  readonly label_coverage: number | null;
  /** True until the monitor has watched for 60 s, when the rates become full minutes. */
  readonly warming: boolean;
  readonly calls_per_minute: number;
  readonly total_errors: number;
  readonly errors_per_minute: number;
  readonly latency_p50_seconds: number | null;
  readonly latency_p95_seconds: number | null;
  readonly latency_p99_seconds: number | null;
  readonly task: Task;
  /** Of a regression: the error up to which a prediction counts as right. */
  readonly tolerance: number | null;
  /** Mean absolute error of the same labels, in the unit of the target; regression only. */
  readonly mae: number | null;
  /** Root mean squared error of the same labels, in the unit of the target. */
  readonly rmse: number | null;
  /** Predictions of this model that wait for their label. */
  readonly labels_pending: number;
  /** From prediction to label, over the last labels that came later. */
  readonly median_label_delay_seconds: number | null;
  /** From the call of a stream to its first item; of the streams that `Monitor.watch` follows. */
  readonly first_item_p50_seconds: number | null;
  readonly first_item_p95_seconds: number | null;
  /** Items of the streams that ended, per second that their caller waited for items. */
  readonly items_per_second: number | null;
  /** Streams that their reader left before the end: neither predictions nor errors. */
  readonly total_streams_left: number;
  /** The most frequent segments first, the group of all others last; empty without segments. */
  readonly segments: readonly Segment[];
}

/** One group of labelled predictions, such as a class or a country. */
export interface Segment {
  /** `""` for the group of all segments that are not listed: "other". */
  readonly name: string;
  readonly total_labelled: number;
  readonly window_labelled: number;
  /** Mean score of the segment's last labels; `None` under 30 of them. */
  readonly current_accuracy: number | null;
  readonly accuracy_low: number | null;
  readonly accuracy_high: number | null;
}

/** The machine under the model: the resources that its user can run out of. */
export interface SystemSection {
  readonly cpu_percent: number | null;
  readonly memory_percent: number | null;
  readonly disk_percent: number | null;
  readonly active_connections: number | null;
  readonly system_health: Health;
  /** `"container"` where a limit on CPU or memory binds, else `"host"`. */
  readonly scope: "container" | "host" | null;
  readonly memory_used_bytes: number | null;
  /** Page cache that can be dropped; `memory_used_bytes` does not contain it. */
  readonly memory_cache_bytes: number | null;
  /** Highest `memory_used_bytes` since the monitor began. */
  readonly memory_peak_bytes: number | null;
  readonly memory_limit_bytes: number | null;
  readonly cpu_limit_cores: number | null;
  readonly disk_path: string | null;
  readonly disk_free_bytes: number | null;
  /** CPU of the kernel's own process tree, in percent of `cpu_limit_cores`. */
  readonly process_cpu_percent: number | null;
  /** Memory of the kernel's own process tree. */
  readonly process_memory_bytes: number | null;
  /** Highest `process_memory_bytes` since the monitor began. */
  readonly process_memory_peak_bytes: number | null;
  readonly gpus: readonly Gpu[];
  /** The component that `system_health` follows: `"cpu"`, `"memory"`, `"disk"`, `"gpu_memory"`, `"shared_memory"`, `"open_files"`, `"memory_pressure"` or `"io_pressure"`. */
  readonly limiter: string | null;
  /** Components left out of `system_health` because they could not be read. */
  readonly unknown_components: readonly string[];
  /** The health of each component that was judged, by its name. */
  readonly components: Readonly<Record<string, Health>>;
  readonly kernel_busy: boolean | null;
  /** The scope of `cpu_percent` and `cpu_limit_cores`. */
  readonly cpu_scope: "container" | "host" | null;
  /** The scope of the three figures of the memory. */
  readonly memory_scope: "container" | "host" | null;
  /** Share of the scheduler's periods since the last reading in which the quota was used up. */
  readonly cpu_throttled_percent: number | null;
  /** Time that processes waited because of that, since the container began. */
  readonly cpu_throttled_seconds: number | null;
  /** Share of the time since the last reading in which the kernel waited for a CPU, because other programs used it or the quota was used up. */
  readonly cpu_wait_percent: number | null;
  /** Share of that time in which the kernel's main thread was ready to run and had no CPU. */
  readonly cpu_delay_percent: number | null;
  /** The scope of the next three. */
  readonly pressure_scope: "container" | "host" | null;
  /** Share of the time since the last reading in which at least one task waited for a CPU. */
  readonly cpu_pressure_percent: number | null;
  /** Share of that time in which all tasks at work waited for memory. */
  readonly memory_pressure_percent: number | null;
  /** Share of that time in which all tasks at work waited for a disk. */
  readonly io_pressure_percent: number | null;
  /** Processes killed for lack of memory, since the container, or the machine, began. */
  readonly oom_kills: number | null;
  /** Time at which this monitor saw `oom_kills` grow last. */
  readonly oom_kill_at: number | null;
  /** Time until the memory is full at the pace of the last minute, while that is steady. */
  readonly memory_full_seconds: number | null;
  /** Use of `/dev/shm`, through which processes exchange arrays. */
  readonly shared_memory_percent: number | null;
  readonly shared_memory_free_bytes: number | null;
  readonly shared_memory_limit_bytes: number | null;
  /** The scope of disk rates and totals: the container, or the disk under `disk_path`. */
  readonly disk_io_scope: "container" | "host" | null;
  readonly disk_read_bytes_per_second: number | null;
  readonly disk_written_bytes_per_second: number | null;
  /** Since the monitor began; likewise the next. */
  readonly disk_read_bytes: number | null;
  readonly disk_written_bytes: number | null;
  readonly network_received_bytes_per_second: number | null;
  readonly network_sent_bytes_per_second: number | null;
  /** Since the monitor began; likewise the next. */
  readonly network_received_bytes: number | null;
  readonly network_sent_bytes: number | null;
  /** `"pss"`: pages that processes share count once. `"rss"`: in some, more than once. */
  readonly process_memory_kind: "pss" | "rss" | null;
  /** Live processes that the kernel and its children started. */
  readonly process_children: number | null;
  readonly process_threads: number | null;
  readonly process_open_files: number | null;
  /** Files that the kernel itself has open, of those that it may open. */
  readonly open_files_percent: number | null;
  readonly open_files_limit: number | null;
  /** The three of the tree with the most memory. */
  readonly top_processes: readonly ProcessUse[];
  /** Utilization of the busiest of `gpus`. */
  readonly gpu_percent: number | null;
  /** Memory in use on the fullest of `gpus`. */
  readonly gpu_memory_percent: number | null;
  /** Energy of all CPU packages of the machine and their memory since the monitor began. */
  readonly cpu_energy_joules: number | null;
  /** Why `gpus` is empty. */
  readonly gpus_reason: "failed" | "lost" | "mig" | "no_device" | "no_driver" | "no_library" | "no_permission" | "not_supported" | "pid_namespace" | "timeout" | null;
  /** Start of the running cell. */
  readonly kernel_busy_since: number | null;
  /** Time for which that cell has been running. */
  readonly kernel_busy_seconds: number | null;
  /** The longest wait of a thread of the kernel for its turn since the last reading. */
  readonly kernel_lag_seconds: number | null;
  /** Whether that wait means that one thread blocks all others by Python's lock (GIL). */
  readonly gil_starved: boolean | null;
}

/** One device that this process may use. */
export interface Gpu {
  /** Index among the devices that this process may use: `cuda:0` is 0. */
  readonly index: number;
  readonly name: string | null;
  readonly utilization_percent: number | null;
  readonly memory_used_bytes: number | null;
  readonly memory_total_bytes: number | null;
  readonly temperature_celsius: number | null;
  readonly power_watts: number | null;
  readonly power_limit_watts: number | null;
  /** Energy since the driver was loaded, by the GPU's own counter. */
  readonly energy_joules: number | null;
  /** Memory that the kernel and its children use. */
  readonly process_memory_bytes: number | null;
  readonly uuid: string | null;
  /** Whether the device is an instance of a divided one (Multi-Instance GPU). */
  readonly mig: boolean;
  /** Why a field is unknown, by the name of the field. */
  readonly reasons: Readonly<Record<string, "failed" | "lost" | "mig" | "no_device" | "no_driver" | "no_library" | "no_permission" | "not_supported" | "pid_namespace" | "timeout">>;
}

/** One process of the kernel's own tree. */
export interface ProcessUse {
  readonly pid: number;
  readonly name: string;
  readonly memory_bytes: number;
  /** In percent of `cpu_limit_cores`. */
  readonly cpu_percent: number | null;
  /** Whether the process is the kernel itself. */
  readonly own: boolean;
}

/** A problem in the background, with its count; logged and shown, never raised. */
export interface Notice {
  readonly code: string;
  readonly message: string;
  readonly count: number;
  /** Time of the last occurrence. */
  readonly at: number;
  /** The values in the sentence of `code`. */
  readonly args: Readonly<Record<string, string | number>>;
}

/** One model in `monitor.models()`: the figures to compare models by. */
export interface ModelInfo {
  readonly model_id: string;
  readonly name: string | null;
  readonly version: string | null;
  readonly trained_at: number | null;
  readonly deployed_at: number | null;
  readonly status: Status;
  readonly total_predictions: number;
  readonly current_accuracy: number | null;
  readonly baseline_accuracy: number | null;
  /** Whether the model gets the predictions that name no model. */
  readonly active: boolean;
  readonly health: Health;
  readonly status_since: number | null;
  readonly reason: string | null;
  readonly reason_rule: Rule | null;
  readonly reason_value: number | null;
  readonly reason_threshold: number | null;
  readonly reason_n: number | null;
  readonly reason_code: string | null;
  readonly reason_args: Readonly<Record<string, string | number>>;
  readonly accuracy_low: number | null;
  readonly accuracy_high: number | null;
  readonly accuracy_threshold: number | null;
  readonly window_labelled: number;
  readonly total_labelled: number;
  readonly label_coverage: number | null;
  readonly labels_pending: number;
  readonly predictions_per_minute: number;
  readonly total_errors: number;
  readonly errors_per_minute: number;
  readonly latency_p50_seconds: number | null;
  readonly latency_p95_seconds: number | null;
  readonly latency_p99_seconds: number | null;
  readonly mae: number | null;
  readonly rmse: number | null;
  readonly first_item_p50_seconds: number | null;
  readonly first_item_p95_seconds: number | null;
  readonly items_per_second: number | null;
  readonly total_streams_left: number;
  readonly acknowledged_at: number | null;
  /** Calls since the model came, in the buckets of `Durations`. */
  readonly duration_counts: readonly number[];
  readonly duration_sum_seconds: number;
}

/** Histogram of the durations of the active model's calls; counts only grow. */
export interface Durations {
  /** Upper bounds of all buckets but the last, which has none. */
  readonly bounds_seconds: readonly number[];
  /** Calls in each bucket: one more than there are bounds. */
  readonly counts: readonly number[];
  readonly sum_seconds: number;
}

/** Outcome of the predictions that wait for labels, of all models together. */
export interface LabelsSection {
  readonly pending: number;
  readonly pending_limit: number;
  /** Predictions that were evicted by newer ones before their label came. */
  readonly evicted: number;
  /** Predictions that waited longer than `label_ttl`. */
  readonly expired: number;
  /** Labels under whose id no prediction waits. */
  readonly unknown: number;
  /** Labels of an id that had one already. */
  readonly duplicate: number;
  /** Labels that came before their prediction and were stored for it. */
  readonly early: number;
  /** Labels that stand for no value, such as NaN; they are no evidence and use up no id. */
  readonly missing: number;
  /** Labels that can never be equal to their prediction, such as a class to a probability; they are not counted. */
  readonly mismatched: number;
}

/** Drift of the active model's features and predictions from the reference. */
export interface DriftSection {
  readonly state: "collecting" | "drifted" | "off" | "watching";
  readonly reference_rows: number;
  readonly reference_size: number;
  readonly window_rows: number;
  readonly window_size: number;
  /** Predictions and features, the one furthest above its threshold first; 20 at most. */
  readonly features: readonly FeatureDrift[];
  /** Number of all columns that are watched. */
  readonly watched: number;
  /** Columns in which values cannot be compared: lists, or texts that never recur; 20 at most. */
  readonly unwatched: readonly string[];
  readonly errors: ErrorDrift | null;
}

/** Drift of the predictions, or of one feature, from the reference window. */
export interface FeatureDrift {
  /** `""` for the predictions themselves. */
  readonly name: string;
  readonly kind: "categorical" | "numeric";
  /** Population stability index of the window against the reference. */
  readonly psi: number | null;
  /** The value that `psi` seldom exceeds by chance, given both sizes and all columns. */
  readonly threshold: number | null;
  readonly drifted: boolean;
}

/** The verdict of ADWIN on the stream of errors. */
export interface ErrorDrift {
  /** Mean error of the labels since the last change. */
  readonly error_rate: number | null;
  /** Labels since the last change. */
  readonly window_labelled: number;
  readonly changes: number;
  /** Whether the mean error rose at the last change. */
  readonly rising: boolean;
}

/** One training run. */
export interface RunInfo {
  readonly run_id: string;
  /** The run inside which it was opened; `None` at the top. */
  readonly parent_id: string | null;
  /** The worker whose run it is, by `WorkerInfo.worker`; `None`: a run of this process. */
  readonly worker: string | null;
  /** The user's name for the run. */
  readonly name: string | null;
  /** Colour and shape of the run, 0 to 7; `None` while more than 8 runs are open. */
  readonly place: number | null;
  readonly stage: string;
  readonly details: string;
  readonly state: TrainingState;
  /** What ended the run; `None` while it is open. */
  readonly end: RunEnd | null;
  /** The sentence for `end`, where the user did not end the run. */
  readonly reason: string | null;
  readonly reason_code: string | null;
  readonly reason_args: Readonly<Record<string, string | number>>;
  /** What is counted, such as `"epoch"`. */
  readonly unit: string;
  readonly current: number;
  readonly total: number | null;
  /** Percent in [0, 100], those of open runs inside it included; `None` without a total. */
  readonly progress: number | null;
  /** How often the loop has begun within its parent: a `track` loop inside a loop is one run. */
  readonly lap: number;
  /** Steps of all laps: where a metric stands that is logged without a step. */
  readonly steps: number;
  /** Of late, and of the whole run once it has ended; falls while no step comes. */
  readonly rate_per_second: number | null;
  readonly eta_seconds: number | null;
  readonly elapsed_seconds: number;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly stop_requested: boolean;
  /** The newest value of each; `None` where it is not finite. */
  readonly metrics: Readonly<Record<string, number | null>>;
  /** Only of metrics of which it is known whether they are to fall or to rise. */
  readonly best: Readonly<Record<string, BestValue>>;
  /** Share of the last minute that a `track` loop spent inside its iterable. */
  readonly data_wait_ratio: number | null;
  /** The same of the whole run. */
  readonly data_wait_ratio_total: number | null;
  /** What is wrong now: stalled before not finite. Of a run that has ended, the metric that was not finite at its end: a fact for its summary, of which nobody needs to be alerted any more. No run has stalled that has ended. */
  readonly alert: RunAlert | null;
  /** The model that was active when the run began. */
  readonly model_id: string | null;
  /** Hyperparameters; a value that is no number, text or flag is its text. */
  readonly config: Readonly<Record<string, string | number | boolean | null>>;
  readonly tags: readonly string[];
  readonly environment: RunEnvironment | null;
  /** What the run took; `None` while it is open. */
  readonly cost: RunCost | null;
}

/** The best value of one metric, of which it is known whether it is to fall or to rise. */
export interface BestValue {
  readonly value: number;
  /** The first step with this value. */
  readonly step: number | null;
  readonly goal: Goal;
}

/** Something that is wrong with a run, or was at its end. */
export interface RunAlert {
  readonly kind: AlertKind;
  /** The metric that is not finite; `None` of a stalled run. */
  readonly metric: string | null;
  /** Stalled: seconds of a usual step. Not finite: the last finite value. */
  readonly value: number | null;
  /** Stalled: the last step. Not finite: the first step without a finite value. */
  readonly step: number | null;
  /** When it began. */
  readonly at: number;
  readonly reason: string;
  readonly reason_code: string;
  readonly reason_args: Readonly<Record<string, string | number>>;
  /** Not finite: what the first such value was. */
  readonly not_finite_kind: "" | "-inf" | "inf" | "nan";
}

/** The notebook, commit, host and versions that a run came from. */
export interface RunEnvironment {
  /** The notebook, or the script. */
  readonly notebook: string | null;
  readonly git_commit: string | null;
  /** Whether files under version control differed from that commit. */
  readonly git_dirty: boolean | null;
  readonly host: string | null;
  readonly python: string | null;
  /** Versions of the known libraries that were loaded. */
  readonly libraries: Readonly<Record<string, string>>;
}

/** Time, memory and energy that a run took, from its beginning to its end. */
export interface RunCost {
  readonly duration_seconds: number;
  readonly steps: number;
  /** Time inside the iterables of its `track` loops. */
  readonly data_wait_seconds: number | null;
  /** Memory of the kernel with its children. */
  readonly peak_memory_bytes: number | null;
  readonly peak_memory_step: number | null;
  /** Mean of the GPUs. */
  readonly gpu_utilization_percent: number | null;
  readonly gpu_idle_ratio: number | null;
  /** Of the GPUs and CPUs whose energy is known. */
  readonly energy_wh: number | null;
  readonly gpus: readonly GpuCost[];
  /** The part of it that all CPUs of the machine took, whatever ran on them. */
  readonly cpu_energy_wh: number | null;
}

/** The use of one GPU by a run. */
export interface GpuCost {
  readonly index: number;
  readonly name: string | null;
  readonly peak_memory_bytes: number | null;
  readonly peak_memory_step: number | null;
  /** Mean over the readings during the run. */
  readonly utilization_percent: number | null;
  /** Share of the readings with a utilization below 5 %. */
  readonly idle_ratio: number | null;
  readonly energy_wh: number | null;
}

/** One process that reports to this monitor. */
export interface WorkerInfo {
  /** Random: identifies this incarnation of the process. */
  readonly worker: string;
  /** Its rank, or host and process id. */
  readonly name: string;
  readonly host: string;
  readonly pid: number | null;
  readonly rank: number | null;
  readonly state: "alive" | "ended" | "gone" | "late";
  /** Age of the newest report. An update does not repeat a row for it: of a worker that is not alive it goes on to grow, of one that is alive it is as old as the row. */
  readonly last_heard_seconds: number | null;
  /** Predictions since the process began to count. */
  readonly total_predictions: number;
  readonly total_errors: number;
  /** Stage of its newest open run. */
  readonly stage: string | null;
  readonly current: number | null;
  readonly total: number | null;
  readonly rate_per_second: number | null;
  /** Memory of the process and its children. */
  readonly memory_bytes: number | null;
  /** CPU of the process and its children, 100 for one core. */
  readonly cpu_percent: number | null;
}

/** One moment of the charts. */
export interface Point {
  readonly at: number;
  readonly current_accuracy: number | null;
  readonly predictions_per_minute: number | null;
  readonly latency_p95_seconds: number | null;
  readonly cpu_percent: number | null;
  readonly memory_percent: number | null;
  readonly disk_read_bytes_per_second: number | null;
  readonly disk_written_bytes_per_second: number | null;
  readonly network_received_bytes_per_second: number | null;
  readonly network_sent_bytes_per_second: number | null;
  readonly gpu_percent: number | null;
  readonly gpu_memory_percent: number | null;
}

/** Buckets of one curve that follow those before: columns of equal length. */
export interface CurveChunk {
  readonly run_id: string;
  readonly metric: string;
  /** Number of values before the first bucket. With 0 the curve begins anew: drop what is there. With any other number than the page has, a message was lost: leave a gap. */
  readonly start: number;
  /** Step of the last value of each bucket. */
  readonly step: readonly number[];
  /** Time of that value, since the run began. */
  readonly seconds: readonly number[];
  /** Mean of the finite values; `None` where there is none. */
  readonly mean: readonly (number | null)[];
  readonly first_step: readonly number[];
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  readonly count: readonly number[];
  /** How many of `count` were NaN or infinite. */
  readonly not_finite: readonly number[];
  /** What the first of those was; the first of the whole curve begins a bucket. */
  readonly not_finite_kind: readonly ("" | "-inf" | "inf" | "nan")[];
}

/** Sent every `interval` seconds. */
export interface SystemMetrics {
  readonly type: "system_metrics";
  readonly monitor: string;
  /** Counts the events of one monitor from 1, without gaps. */
  readonly seq: number;
  readonly at: number;
  readonly cpu_percent: number | null;
  readonly memory_percent: number | null;
  readonly disk_percent: number | null;
  readonly active_connections: number | null;
  readonly system_health: Health;
}

/** Sent every `metrics_interval` seconds in which one of its values changed. */
export interface ModelMetricsUpdate {
  readonly type: "model_metrics_update";
  readonly monitor: string;
  /** Counts the events of one monitor from 1, without gaps. */
  readonly seq: number;
  readonly at: number;
  readonly model_id: string | null;
  readonly current_accuracy: number | null;
  readonly predictions_per_minute: number;
  readonly total_predictions: number;
  readonly model_health: Health;
}

/** Sent whenever a model's status changes, with what decided it. */
export interface ModelStatusChange {
  readonly type: "model_status_change";
  readonly monitor: string;
  /** Counts the events of one monitor from 1, without gaps. */
  readonly seq: number;
  readonly at: number;
  readonly model_id: string | null;
  readonly old_status: Status;
  readonly new_status: Status;
  readonly reason: string | null;
  readonly rule: Rule | null;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly n: number | null;
  /** The code of `reason`; `None` where a user or an exception wrote it. */
  readonly reason_code: string | null;
  /** The values in the sentence of that code. */
  readonly reason_args: Readonly<Record<string, string | number>>;
}

/** Sent by `deploy`. */
export interface ModelDeployed {
  readonly type: "model_deployed";
  readonly monitor: string;
  /** Counts the events of one monitor from 1, without gaps. */
  readonly seq: number;
  readonly at: number;
  readonly model_id: string;
  readonly model_name: string | null;
  readonly model_version: string | null;
  readonly deployment_timestamp: number;
}

/** Sent at once when a run moves, at most ten times a second. */
export interface TrainingProgress {
  readonly type: "training_progress";
  readonly monitor: string;
  /** Counts the events of one monitor from 1, without gaps. */
  readonly seq: number;
  readonly at: number;
  readonly state: TrainingState;
  readonly stage: string;
  readonly progress: number | null;
  readonly details: string;
  readonly current: number | null;
  readonly total: number | null;
  readonly rate_per_second: number | null;
  readonly eta_seconds: number | null;
  readonly elapsed_seconds: number | null;
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly run_id: string | null;
}

/** Sent when a run ends: `state` says whether it completed, was stopped, or failed. */
export interface TrainingCompleted {
  readonly type: "training_completed";
  readonly monitor: string;
  /** Counts the events of one monitor from 1, without gaps. */
  readonly seq: number;
  readonly at: number;
  readonly state: TrainingState;
  readonly stage: string;
  readonly progress: number | null;
  readonly details: string;
  readonly current: number | null;
  readonly total: number | null;
  readonly elapsed_seconds: number | null;
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly run_id: string | null;
}

/** Sent when a run stalls, when a metric is not finite, and when either is over. */
export interface TrainingAlert {
  readonly type: "training_alert";
  readonly monitor: string;
  /** Counts the events of one monitor from 1, without gaps. */
  readonly seq: number;
  readonly at: number;
  readonly run_id: string;
  readonly kind: AlertKind;
  /** The metric that is not finite, or is finite again; `None` of a stalled run. */
  readonly metric: string | null;
  /** Stalled: seconds of a usual step. Not finite: the last finite value. Recovered: of a metric, its new value; else the seconds that the run stood still. */
  readonly value: number | null;
  readonly reason: string;
  readonly step: number | null;
  readonly reason_code: string;
  readonly reason_args: Readonly<Record<string, string | number>>;
  /** Not finite: what the first such value was. */
  readonly not_finite_kind: "" | "-inf" | "inf" | "nan";
}

export type Event = SystemMetrics | ModelMetricsUpdate | ModelStatusChange | ModelDeployed | TrainingProgress | TrainingCompleted | TrainingAlert;

export const EVENT_TYPES = ["system_metrics", "model_metrics_update", "model_status_change", "model_deployed", "training_progress", "training_completed", "training_alert"] as const;

export type EventType = Event["type"];

/** The sections of the panel that are one struct, with its name. */
export const STRUCT_SECTIONS = {"model": "ModelSection", "training": "TrainingSection", "metrics": "MetricsSection", "system": "SystemSection", "labels": "LabelsSection", "drift": "DriftSection"} as const;

export interface SectionTypes {
  readonly ModelSection: ModelSection;
  readonly TrainingSection: TrainingSection;
  readonly MetricsSection: MetricsSection;
  readonly SystemSection: SystemSection;
  readonly LabelsSection: LabelsSection;
  readonly DriftSection: DriftSection;
}

/** The sections of the panel that are lists, with the struct of their items. */
export const LIST_SECTIONS = {"notices": "Notice", "models": "ModelInfo", "runs": "RunInfo", "workers": "WorkerInfo"} as const;

/** The traits of the panel's widget. */
export const TRAITS = ["monitor", "at", "interval", "model", "training", "metrics", "system", "notices", "models", "labels", "drift", "runs", "workers", "curves", "history", "closed"] as const;
export type Trait = (typeof TRAITS)[number];

/** The metrics that the live charts draw. */
export const CHARTED_METRICS = ["current_accuracy", "predictions_per_minute", "latency_p95_seconds", "cpu_percent", "memory_percent", "disk_read_bytes_per_second", "disk_written_bytes_per_second", "network_received_bytes_per_second", "network_sent_bytes_per_second", "gpu_percent", "gpu_memory_percent"] as const;
export type ChartedMetric = (typeof CHARTED_METRICS)[number];

/** Those of them that every model has. */
export const MODEL_CHARTED_METRICS = ["current_accuracy", "predictions_per_minute", "latency_p95_seconds"] as const;

/** What each metric measures, by the struct and the field that hold it. */
export const METRICS = {
  ModelSection: {
    trained_at: {"label": "Trained", "unit": "timestamp", "charted": false},
    status: {"label": "Status", "unit": "state", "charted": false},
    total_predictions: {"label": "Predictions", "unit": "count", "charted": false},
    deployed_at: {"label": "Deployed", "unit": "timestamp", "charted": false},
    health: {"label": "Health", "unit": "state", "charted": false},
    uptime_seconds: {"label": "Uptime", "unit": "seconds", "charted": false},
    baseline_accuracy: {"label": "Baseline accuracy", "unit": "ratio", "charted": false},
  },
  TrainingSection: {
    state: {"label": "Training", "unit": "state", "charted": false},
    progress: {"label": "Progress", "unit": "percent", "charted": false},
    rate_per_second: {"label": "Steps per second", "unit": "per second", "charted": false},
    eta_seconds: {"label": "Time left", "unit": "seconds", "charted": false},
  },
  MetricsSection: {
    current_accuracy: {"label": "Accuracy", "unit": "ratio", "charted": true},
    predictions_per_minute: {"label": "Predictions per minute", "unit": "per minute", "charted": true},
    total_predictions: {"label": "Predictions", "unit": "count", "charted": false},
    model_health: {"label": "Health", "unit": "state", "charted": false},
    accuracy_low: {"label": "Accuracy, lower bound", "unit": "ratio", "charted": false},
    accuracy_high: {"label": "Accuracy, upper bound", "unit": "ratio", "charted": false},
    accuracy_threshold: {"label": "Accuracy threshold", "unit": "ratio", "charted": false},
    window_labelled: {"label": "Labels in the window", "unit": "count", "charted": false},
    total_labelled: {"label": "Labels", "unit": "count", "charted": false},
    label_coverage: {"label": "Labelled", "unit": "ratio", "charted": false},
    calls_per_minute: {"label": "Calls per minute", "unit": "per minute", "charted": false},
    total_errors: {"label": "Errors", "unit": "count", "charted": false},
    errors_per_minute: {"label": "Errors per minute", "unit": "per minute", "charted": false},
    latency_p50_seconds: {"label": "Latency p50", "unit": "seconds", "charted": false},
    latency_p95_seconds: {"label": "Latency p95", "unit": "seconds", "charted": true},
    latency_p99_seconds: {"label": "Latency p99", "unit": "seconds", "charted": false},
    tolerance: {"label": "Tolerance", "unit": "target", "charted": false},
    mae: {"label": "MAE", "unit": "target", "charted": false},
    rmse: {"label": "RMSE", "unit": "target", "charted": false},
    labels_pending: {"label": "Pending", "unit": "count", "charted": false},
    median_label_delay_seconds: {"label": "Median label delay", "unit": "seconds", "charted": false},
    first_item_p50_seconds: {"label": "First item p50", "unit": "seconds", "charted": false},
    first_item_p95_seconds: {"label": "First item p95", "unit": "seconds", "charted": false},
    items_per_second: {"label": "Items per second", "unit": "per second", "charted": false},
    total_streams_left: {"label": "Streams left early", "unit": "count", "charted": false},
  },
  SystemSection: {
    cpu_percent: {"label": "CPU", "unit": "percent", "charted": true},
    memory_percent: {"label": "Memory", "unit": "percent", "charted": true},
    disk_percent: {"label": "Disk", "unit": "percent", "charted": false},
    active_connections: {"label": "Connections", "unit": "count", "charted": false},
    system_health: {"label": "System health", "unit": "state", "charted": false},
    memory_used_bytes: {"label": "Memory used", "unit": "bytes", "charted": false},
    memory_cache_bytes: {"label": "Page cache", "unit": "bytes", "charted": false},
    memory_peak_bytes: {"label": "Memory peak", "unit": "bytes", "charted": false},
    memory_limit_bytes: {"label": "Memory limit", "unit": "bytes", "charted": false},
    cpu_limit_cores: {"label": "CPU limit", "unit": "cores", "charted": false},
    disk_free_bytes: {"label": "Disk free", "unit": "bytes", "charted": false},
    process_cpu_percent: {"label": "CPU of the kernel", "unit": "percent", "charted": false},
    process_memory_bytes: {"label": "Memory of the kernel", "unit": "bytes", "charted": false},
    process_memory_peak_bytes: {"label": "Memory peak of the kernel", "unit": "bytes", "charted": false},
    kernel_busy: {"label": "Cell running", "unit": "flag", "charted": false},
    cpu_throttled_percent: {"label": "CPU throttled", "unit": "percent", "charted": false},
    cpu_throttled_seconds: {"label": "CPU throttled in all", "unit": "seconds", "charted": false},
    cpu_wait_percent: {"label": "Waiting for a CPU", "unit": "percent", "charted": false},
    cpu_delay_percent: {"label": "Run delay", "unit": "percent", "charted": false},
    cpu_pressure_percent: {"label": "CPU pressure", "unit": "percent", "charted": false},
    memory_pressure_percent: {"label": "Memory pressure", "unit": "percent", "charted": false},
    io_pressure_percent: {"label": "Disk pressure", "unit": "percent", "charted": false},
    oom_kills: {"label": "Out-of-memory kills", "unit": "count", "charted": false},
    memory_full_seconds: {"label": "Memory full in", "unit": "seconds", "charted": false},
    shared_memory_percent: {"label": "Shared memory", "unit": "percent", "charted": false},
    shared_memory_free_bytes: {"label": "Shared memory free", "unit": "bytes", "charted": false},
    shared_memory_limit_bytes: {"label": "Shared memory limit", "unit": "bytes", "charted": false},
    disk_read_bytes_per_second: {"label": "Disk read", "unit": "bytes per second", "charted": true},
    disk_written_bytes_per_second: {"label": "Disk written", "unit": "bytes per second", "charted": true},
    disk_read_bytes: {"label": "Disk read in all", "unit": "bytes", "charted": false},
    disk_written_bytes: {"label": "Disk written in all", "unit": "bytes", "charted": false},
    network_received_bytes_per_second: {"label": "Received", "unit": "bytes per second", "charted": true},
    network_sent_bytes_per_second: {"label": "Sent", "unit": "bytes per second", "charted": true},
    network_received_bytes: {"label": "Received in all", "unit": "bytes", "charted": false},
    network_sent_bytes: {"label": "Sent in all", "unit": "bytes", "charted": false},
    process_children: {"label": "Children", "unit": "count", "charted": false},
    process_threads: {"label": "Threads", "unit": "count", "charted": false},
    process_open_files: {"label": "Open files", "unit": "count", "charted": false},
    open_files_percent: {"label": "Open files of the kernel", "unit": "percent", "charted": false},
    open_files_limit: {"label": "File limit", "unit": "count", "charted": false},
    gpu_percent: {"label": "Busiest GPU", "unit": "percent", "charted": true},
    gpu_memory_percent: {"label": "Fullest GPU memory", "unit": "percent", "charted": true},
    cpu_energy_joules: {"label": "CPU energy in all", "unit": "joules", "charted": false},
    kernel_busy_seconds: {"label": "Cell running for", "unit": "seconds", "charted": false},
    kernel_lag_seconds: {"label": "Threads wait", "unit": "seconds", "charted": false},
  },
  Gpu: {
    utilization_percent: {"label": "GPU", "unit": "percent", "charted": false},
    memory_used_bytes: {"label": "GPU memory", "unit": "bytes", "charted": false},
    memory_total_bytes: {"label": "GPU memory in all", "unit": "bytes", "charted": false},
    temperature_celsius: {"label": "GPU temperature", "unit": "celsius", "charted": false},
    power_watts: {"label": "GPU power", "unit": "watts", "charted": false},
    power_limit_watts: {"label": "GPU power limit", "unit": "watts", "charted": false},
    energy_joules: {"label": "GPU energy in all", "unit": "joules", "charted": false},
    process_memory_bytes: {"label": "GPU memory of the kernel", "unit": "bytes", "charted": false},
  },
  ModelInfo: {
    trained_at: {"label": "Trained", "unit": "timestamp", "charted": false},
    deployed_at: {"label": "Deployed", "unit": "timestamp", "charted": false},
    status: {"label": "Status", "unit": "state", "charted": false},
    total_predictions: {"label": "Predictions", "unit": "count", "charted": false},
    current_accuracy: {"label": "Accuracy", "unit": "ratio", "charted": true},
    baseline_accuracy: {"label": "Baseline accuracy", "unit": "ratio", "charted": false},
    active: {"label": "Active", "unit": "flag", "charted": false},
    health: {"label": "Health", "unit": "state", "charted": false},
    accuracy_low: {"label": "Accuracy, lower bound", "unit": "ratio", "charted": false},
    accuracy_high: {"label": "Accuracy, upper bound", "unit": "ratio", "charted": false},
    accuracy_threshold: {"label": "Accuracy threshold", "unit": "ratio", "charted": false},
    window_labelled: {"label": "Labels in the window", "unit": "count", "charted": false},
    total_labelled: {"label": "Labels", "unit": "count", "charted": false},
    label_coverage: {"label": "Labelled", "unit": "ratio", "charted": false},
    labels_pending: {"label": "Pending", "unit": "count", "charted": false},
    predictions_per_minute: {"label": "Predictions per minute", "unit": "per minute", "charted": true},
    total_errors: {"label": "Errors", "unit": "count", "charted": false},
    errors_per_minute: {"label": "Errors per minute", "unit": "per minute", "charted": false},
    latency_p50_seconds: {"label": "Latency p50", "unit": "seconds", "charted": false},
    latency_p95_seconds: {"label": "Latency p95", "unit": "seconds", "charted": true},
    latency_p99_seconds: {"label": "Latency p99", "unit": "seconds", "charted": false},
    mae: {"label": "MAE", "unit": "target", "charted": false},
    rmse: {"label": "RMSE", "unit": "target", "charted": false},
    first_item_p50_seconds: {"label": "First item p50", "unit": "seconds", "charted": false},
    first_item_p95_seconds: {"label": "First item p95", "unit": "seconds", "charted": false},
    items_per_second: {"label": "Items per second", "unit": "per second", "charted": false},
    total_streams_left: {"label": "Streams left early", "unit": "count", "charted": false},
  },
  RunInfo: {
    progress: {"label": "Progress", "unit": "percent", "charted": false},
    steps: {"label": "Steps", "unit": "count", "charted": false},
    data_wait_ratio: {"label": "Waiting for data", "unit": "ratio", "charted": false},
  },
} as const;

/** The type of every field of the sections, for checks at run time. */
export const SECTION_KINDS = {
  "ModelSection": {
    "model_id": "string|null",
    "name": "string|null",
    "version": "string|null",
    "trained_at": "number|null",
    "status": "Status",
    "total_predictions": "number",
    "deployed_at": "number|null",
    "status_since": "number|null",
    "reason": "string|null",
    "reason_rule": "Rule|null",
    "reason_value": "number|null",
    "reason_threshold": "number|null",
    "reason_n": "number|null",
    "reason_code": "string|null",
    "reason_args": "{string|number}",
    "health": "Health",
    "uptime_seconds": "number|null",
    "baseline_accuracy": "number|null",
    "acknowledged_at": "number|null",
    "watching_since": "number|null",
    "resumed_from_at": "number|null",
    "resumed_predictions": "number|null"
  },
  "TrainingSection": {
    "state": "TrainingState",
    "stage": "string",
    "progress": "number|null",
    "details": "string",
    "current": "number|null",
    "total": "number|null",
    "rate_per_second": "number|null",
    "eta_seconds": "number|null",
    "elapsed_seconds": "number|null",
    "metrics": "{number|null}",
    "stop_requested": "boolean",
    "run_id": "string|null"
  },
  "MetricsSection": {
    "current_accuracy": "number|null",
    "predictions_per_minute": "number",
    "total_predictions": "number",
    "model_health": "Health",
    "accuracy_low": "number|null",
    "accuracy_high": "number|null",
    "accuracy_threshold": "number|null",
    "window_labelled": "number",
    "total_labelled": "number",
    "label_coverage": "number|null",
    "warming": "boolean",
    "calls_per_minute": "number",
    "total_errors": "number",
    "errors_per_minute": "number",
    "latency_p50_seconds": "number|null",
    "latency_p95_seconds": "number|null",
    "latency_p99_seconds": "number|null",
    "task": "Task",
    "tolerance": "number|null",
    "mae": "number|null",
    "rmse": "number|null",
    "labels_pending": "number",
    "median_label_delay_seconds": "number|null",
    "first_item_p50_seconds": "number|null",
    "first_item_p95_seconds": "number|null",
    "items_per_second": "number|null",
    "total_streams_left": "number",
    "segments": "Segment[]"
  },
  "Segment": {
    "name": "string",
    "total_labelled": "number",
    "window_labelled": "number",
    "current_accuracy": "number|null",
    "accuracy_low": "number|null",
    "accuracy_high": "number|null"
  },
  "SystemSection": {
    "cpu_percent": "number|null",
    "memory_percent": "number|null",
    "disk_percent": "number|null",
    "active_connections": "number|null",
    "system_health": "Health",
    "scope": "container|host|null",
    "memory_used_bytes": "number|null",
    "memory_cache_bytes": "number|null",
    "memory_peak_bytes": "number|null",
    "memory_limit_bytes": "number|null",
    "cpu_limit_cores": "number|null",
    "disk_path": "string|null",
    "disk_free_bytes": "number|null",
    "process_cpu_percent": "number|null",
    "process_memory_bytes": "number|null",
    "process_memory_peak_bytes": "number|null",
    "gpus": "Gpu[]",
    "limiter": "string|null",
    "unknown_components": "string[]",
    "components": "{Health}",
    "kernel_busy": "boolean|null",
    "cpu_scope": "container|host|null",
    "memory_scope": "container|host|null",
    "cpu_throttled_percent": "number|null",
    "cpu_throttled_seconds": "number|null",
    "cpu_wait_percent": "number|null",
    "cpu_delay_percent": "number|null",
    "pressure_scope": "container|host|null",
    "cpu_pressure_percent": "number|null",
    "memory_pressure_percent": "number|null",
    "io_pressure_percent": "number|null",
    "oom_kills": "number|null",
    "oom_kill_at": "number|null",
    "memory_full_seconds": "number|null",
    "shared_memory_percent": "number|null",
    "shared_memory_free_bytes": "number|null",
    "shared_memory_limit_bytes": "number|null",
    "disk_io_scope": "container|host|null",
    "disk_read_bytes_per_second": "number|null",
    "disk_written_bytes_per_second": "number|null",
    "disk_read_bytes": "number|null",
    "disk_written_bytes": "number|null",
    "network_received_bytes_per_second": "number|null",
    "network_sent_bytes_per_second": "number|null",
    "network_received_bytes": "number|null",
    "network_sent_bytes": "number|null",
    "process_memory_kind": "pss|rss|null",
    "process_children": "number|null",
    "process_threads": "number|null",
    "process_open_files": "number|null",
    "open_files_percent": "number|null",
    "open_files_limit": "number|null",
    "top_processes": "ProcessUse[]",
    "gpu_percent": "number|null",
    "gpu_memory_percent": "number|null",
    "cpu_energy_joules": "number|null",
    "gpus_reason": "failed|lost|mig|no_device|no_driver|no_library|no_permission|not_supported|pid_namespace|timeout|null",
    "kernel_busy_since": "number|null",
    "kernel_busy_seconds": "number|null",
    "kernel_lag_seconds": "number|null",
    "gil_starved": "boolean|null"
  },
  "Gpu": {
    "index": "number",
    "name": "string|null",
    "utilization_percent": "number|null",
    "memory_used_bytes": "number|null",
    "memory_total_bytes": "number|null",
    "temperature_celsius": "number|null",
    "power_watts": "number|null",
    "power_limit_watts": "number|null",
    "energy_joules": "number|null",
    "process_memory_bytes": "number|null",
    "uuid": "string|null",
    "mig": "boolean",
    "reasons": "{failed|lost|mig|no_device|no_driver|no_library|no_permission|not_supported|pid_namespace|timeout}"
  },
  "ProcessUse": {
    "pid": "number",
    "name": "string",
    "memory_bytes": "number",
    "cpu_percent": "number|null",
    "own": "boolean"
  },
  "LabelsSection": {
    "pending": "number",
    "pending_limit": "number",
    "evicted": "number",
    "expired": "number",
    "unknown": "number",
    "duplicate": "number",
    "early": "number",
    "missing": "number",
    "mismatched": "number"
  },
  "DriftSection": {
    "state": "collecting|drifted|off|watching",
    "reference_rows": "number",
    "reference_size": "number",
    "window_rows": "number",
    "window_size": "number",
    "features": "FeatureDrift[]",
    "watched": "number",
    "unwatched": "string[]",
    "errors": "ErrorDrift|null"
  },
  "FeatureDrift": {
    "name": "string",
    "kind": "categorical|numeric",
    "psi": "number|null",
    "threshold": "number|null",
    "drifted": "boolean"
  },
  "ErrorDrift": {
    "error_rate": "number|null",
    "window_labelled": "number",
    "changes": "number",
    "rising": "boolean"
  },
  "Notice": {
    "code": "string",
    "message": "string",
    "count": "number",
    "at": "number",
    "args": "{string|number}"
  },
  "ModelInfo": {
    "model_id": "string",
    "name": "string|null",
    "version": "string|null",
    "trained_at": "number|null",
    "deployed_at": "number|null",
    "status": "Status",
    "total_predictions": "number",
    "current_accuracy": "number|null",
    "baseline_accuracy": "number|null",
    "active": "boolean",
    "health": "Health",
    "status_since": "number|null",
    "reason": "string|null",
    "reason_rule": "Rule|null",
    "reason_value": "number|null",
    "reason_threshold": "number|null",
    "reason_n": "number|null",
    "reason_code": "string|null",
    "reason_args": "{string|number}",
    "accuracy_low": "number|null",
    "accuracy_high": "number|null",
    "accuracy_threshold": "number|null",
    "window_labelled": "number",
    "total_labelled": "number",
    "label_coverage": "number|null",
    "labels_pending": "number",
    "predictions_per_minute": "number",
    "total_errors": "number",
    "errors_per_minute": "number",
    "latency_p50_seconds": "number|null",
    "latency_p95_seconds": "number|null",
    "latency_p99_seconds": "number|null",
    "mae": "number|null",
    "rmse": "number|null",
    "first_item_p50_seconds": "number|null",
    "first_item_p95_seconds": "number|null",
    "items_per_second": "number|null",
    "total_streams_left": "number",
    "acknowledged_at": "number|null",
    "duration_counts": "number[]",
    "duration_sum_seconds": "number"
  },
  "RunInfo": {
    "run_id": "string",
    "parent_id": "string|null",
    "worker": "string|null",
    "name": "string|null",
    "place": "number|null",
    "stage": "string",
    "details": "string",
    "state": "TrainingState",
    "end": "RunEnd|null",
    "reason": "string|null",
    "reason_code": "string|null",
    "reason_args": "{string|number}",
    "unit": "string",
    "current": "number",
    "total": "number|null",
    "progress": "number|null",
    "lap": "number",
    "steps": "number",
    "rate_per_second": "number|null",
    "eta_seconds": "number|null",
    "elapsed_seconds": "number",
    "started_at": "number",
    "ended_at": "number|null",
    "stop_requested": "boolean",
    "metrics": "{number|null}",
    "best": "{BestValue}",
    "data_wait_ratio": "number|null",
    "data_wait_ratio_total": "number|null",
    "alert": "RunAlert|null",
    "model_id": "string|null",
    "config": "{string|number|boolean|null}",
    "tags": "string[]",
    "environment": "RunEnvironment|null",
    "cost": "RunCost|null"
  },
  "BestValue": {
    "value": "number",
    "step": "number|null",
    "goal": "Goal"
  },
  "RunAlert": {
    "kind": "AlertKind",
    "metric": "string|null",
    "value": "number|null",
    "step": "number|null",
    "at": "number",
    "reason": "string",
    "reason_code": "string",
    "reason_args": "{string|number}",
    "not_finite_kind": "|-inf|inf|nan"
  },
  "RunEnvironment": {
    "notebook": "string|null",
    "git_commit": "string|null",
    "git_dirty": "boolean|null",
    "host": "string|null",
    "python": "string|null",
    "libraries": "{string}"
  },
  "RunCost": {
    "duration_seconds": "number",
    "steps": "number",
    "data_wait_seconds": "number|null",
    "peak_memory_bytes": "number|null",
    "peak_memory_step": "number|null",
    "gpu_utilization_percent": "number|null",
    "gpu_idle_ratio": "number|null",
    "energy_wh": "number|null",
    "gpus": "GpuCost[]",
    "cpu_energy_wh": "number|null"
  },
  "GpuCost": {
    "index": "number",
    "name": "string|null",
    "peak_memory_bytes": "number|null",
    "peak_memory_step": "number|null",
    "utilization_percent": "number|null",
    "idle_ratio": "number|null",
    "energy_wh": "number|null"
  },
  "WorkerInfo": {
    "worker": "string",
    "name": "string",
    "host": "string",
    "pid": "number|null",
    "rank": "number|null",
    "state": "alive|ended|gone|late",
    "last_heard_seconds": "number|null",
    "total_predictions": "number",
    "total_errors": "number",
    "stage": "string|null",
    "current": "number|null",
    "total": "number|null",
    "rate_per_second": "number|null",
    "memory_bytes": "number|null",
    "cpu_percent": "number|null"
  },
  "CurveChunk": {
    "run_id": "string",
    "metric": "string",
    "start": "number",
    "step": "number[]",
    "seconds": "number[]",
    "mean": "number|null[]",
    "first_step": "number[]",
    "low": "number|null[]",
    "high": "number|null[]",
    "count": "number[]",
    "not_finite": "number[]",
    "not_finite_kind": "|-inf|inf|nan[]"
  }
} as const;

/** Likewise of all else, apart, because the panel needs none of it. */
export const OTHER_KINDS = {
  "Snapshot": {
    "monitor": "string",
    "seq": "number",
    "at": "number",
    "model": "ModelSection",
    "training": "TrainingSection",
    "metrics": "MetricsSection",
    "system": "SystemSection",
    "notices": "Notice[]",
    "models": "ModelInfo[]",
    "durations": "Durations|null",
    "labels": "LabelsSection",
    "drift": "DriftSection",
    "runs": "RunInfo[]",
    "workers": "WorkerInfo[]"
  },
  "Durations": {
    "bounds_seconds": "number[]",
    "counts": "number[]",
    "sum_seconds": "number"
  },
  "Point": {
    "at": "number",
    "current_accuracy": "number|null",
    "predictions_per_minute": "number|null",
    "latency_p95_seconds": "number|null",
    "cpu_percent": "number|null",
    "memory_percent": "number|null",
    "disk_read_bytes_per_second": "number|null",
    "disk_written_bytes_per_second": "number|null",
    "network_received_bytes_per_second": "number|null",
    "network_sent_bytes_per_second": "number|null",
    "gpu_percent": "number|null",
    "gpu_memory_percent": "number|null"
  },
  "SystemMetrics": {
    "type": "=system_metrics",
    "monitor": "string",
    "seq": "number",
    "at": "number",
    "cpu_percent": "number|null",
    "memory_percent": "number|null",
    "disk_percent": "number|null",
    "active_connections": "number|null",
    "system_health": "Health"
  },
  "ModelMetricsUpdate": {
    "type": "=model_metrics_update",
    "monitor": "string",
    "seq": "number",
    "at": "number",
    "model_id": "string|null",
    "current_accuracy": "number|null",
    "predictions_per_minute": "number",
    "total_predictions": "number",
    "model_health": "Health"
  },
  "ModelStatusChange": {
    "type": "=model_status_change",
    "monitor": "string",
    "seq": "number",
    "at": "number",
    "model_id": "string|null",
    "old_status": "Status",
    "new_status": "Status",
    "reason": "string|null",
    "rule": "Rule|null",
    "value": "number|null",
    "threshold": "number|null",
    "n": "number|null",
    "reason_code": "string|null",
    "reason_args": "{string|number}"
  },
  "ModelDeployed": {
    "type": "=model_deployed",
    "monitor": "string",
    "seq": "number",
    "at": "number",
    "model_id": "string",
    "model_name": "string|null",
    "model_version": "string|null",
    "deployment_timestamp": "number"
  },
  "TrainingProgress": {
    "type": "=training_progress",
    "monitor": "string",
    "seq": "number",
    "at": "number",
    "state": "TrainingState",
    "stage": "string",
    "progress": "number|null",
    "details": "string",
    "current": "number|null",
    "total": "number|null",
    "rate_per_second": "number|null",
    "eta_seconds": "number|null",
    "elapsed_seconds": "number|null",
    "metrics": "{number|null}",
    "run_id": "string|null"
  },
  "TrainingCompleted": {
    "type": "=training_completed",
    "monitor": "string",
    "seq": "number",
    "at": "number",
    "state": "TrainingState",
    "stage": "string",
    "progress": "number|null",
    "details": "string",
    "current": "number|null",
    "total": "number|null",
    "elapsed_seconds": "number|null",
    "metrics": "{number|null}",
    "run_id": "string|null"
  },
  "TrainingAlert": {
    "type": "=training_alert",
    "monitor": "string",
    "seq": "number",
    "at": "number",
    "run_id": "string",
    "kind": "AlertKind",
    "metric": "string|null",
    "value": "number|null",
    "reason": "string",
    "step": "number|null",
    "reason_code": "string",
    "reason_args": "{string|number}",
    "not_finite_kind": "|-inf|inf|nan"
  }
} as const;

/** The sections before anything is known. */
export const DEFAULTS = {
  "ModelSection": {
    "model_id": null,
    "name": null,
    "version": null,
    "trained_at": null,
    "status": "registered",
    "total_predictions": 0,
    "deployed_at": null,
    "status_since": null,
    "reason": null,
    "reason_rule": null,
    "reason_value": null,
    "reason_threshold": null,
    "reason_n": null,
    "reason_code": null,
    "reason_args": {},
    "health": "unknown",
    "uptime_seconds": null,
    "baseline_accuracy": null,
    "acknowledged_at": null,
    "watching_since": null,
    "resumed_from_at": null,
    "resumed_predictions": null
  },
  "TrainingSection": {
    "state": "idle",
    "stage": "Ready",
    "progress": 100.0,
    "details": "System ready",
    "current": null,
    "total": null,
    "rate_per_second": null,
    "eta_seconds": null,
    "elapsed_seconds": null,
    "metrics": {},
    "stop_requested": false,
    "run_id": null
  },
  "MetricsSection": {
    "current_accuracy": null,
    "predictions_per_minute": 0,
    "total_predictions": 0,
    "model_health": "unknown",
    "accuracy_low": null,
    "accuracy_high": null,
    "accuracy_threshold": null,
    "window_labelled": 0,
    "total_labelled": 0,
    "label_coverage": null,
    "warming": true,
    "calls_per_minute": 0,
    "total_errors": 0,
    "errors_per_minute": 0,
    "latency_p50_seconds": null,
    "latency_p95_seconds": null,
    "latency_p99_seconds": null,
    "task": "classification",
    "tolerance": null,
    "mae": null,
    "rmse": null,
    "labels_pending": 0,
    "median_label_delay_seconds": null,
    "first_item_p50_seconds": null,
    "first_item_p95_seconds": null,
    "items_per_second": null,
    "total_streams_left": 0,
    "segments": []
  },
  "SystemSection": {
    "cpu_percent": null,
    "memory_percent": null,
    "disk_percent": null,
    "active_connections": null,
    "system_health": "unknown",
    "scope": null,
    "memory_used_bytes": null,
    "memory_cache_bytes": null,
    "memory_peak_bytes": null,
    "memory_limit_bytes": null,
    "cpu_limit_cores": null,
    "disk_path": null,
    "disk_free_bytes": null,
    "process_cpu_percent": null,
    "process_memory_bytes": null,
    "process_memory_peak_bytes": null,
    "gpus": [],
    "limiter": null,
    "unknown_components": [],
    "components": {},
    "kernel_busy": null,
    "cpu_scope": null,
    "memory_scope": null,
    "cpu_throttled_percent": null,
    "cpu_throttled_seconds": null,
    "cpu_wait_percent": null,
    "cpu_delay_percent": null,
    "pressure_scope": null,
    "cpu_pressure_percent": null,
    "memory_pressure_percent": null,
    "io_pressure_percent": null,
    "oom_kills": null,
    "oom_kill_at": null,
    "memory_full_seconds": null,
    "shared_memory_percent": null,
    "shared_memory_free_bytes": null,
    "shared_memory_limit_bytes": null,
    "disk_io_scope": null,
    "disk_read_bytes_per_second": null,
    "disk_written_bytes_per_second": null,
    "disk_read_bytes": null,
    "disk_written_bytes": null,
    "network_received_bytes_per_second": null,
    "network_sent_bytes_per_second": null,
    "network_received_bytes": null,
    "network_sent_bytes": null,
    "process_memory_kind": null,
    "process_children": null,
    "process_threads": null,
    "process_open_files": null,
    "open_files_percent": null,
    "open_files_limit": null,
    "top_processes": [],
    "gpu_percent": null,
    "gpu_memory_percent": null,
    "cpu_energy_joules": null,
    "gpus_reason": null,
    "kernel_busy_since": null,
    "kernel_busy_seconds": null,
    "kernel_lag_seconds": null,
    "gil_starved": null
  },
  "LabelsSection": {
    "pending": 0,
    "pending_limit": 0,
    "evicted": 0,
    "expired": 0,
    "unknown": 0,
    "duplicate": 0,
    "early": 0,
    "missing": 0,
    "mismatched": 0
  },
  "DriftSection": {
    "state": "off",
    "reference_rows": 0,
    "reference_size": 0,
    "window_rows": 0,
    "window_size": 0,
    "features": [],
    "watched": 0,
    "unwatched": [],
    "errors": null
  },
  "RunInfo": {
    "run_id": "",
    "parent_id": null,
    "worker": null,
    "name": null,
    "place": null,
    "stage": "Training",
    "details": "",
    "state": "running",
    "end": null,
    "reason": null,
    "reason_code": null,
    "reason_args": {},
    "unit": "step",
    "current": 0,
    "total": null,
    "progress": null,
    "lap": 1,
    "steps": 0,
    "rate_per_second": null,
    "eta_seconds": null,
    "elapsed_seconds": 0.0,
    "started_at": 0.0,
    "ended_at": null,
    "stop_requested": false,
    "metrics": {},
    "best": {},
    "data_wait_ratio": null,
    "data_wait_ratio_total": null,
    "alert": null,
    "model_id": null,
    "config": {},
    "tags": [],
    "environment": null,
    "cost": null
  },
  "WorkerInfo": {
    "worker": "",
    "name": "",
    "host": "",
    "pid": null,
    "rank": null,
    "state": "alive",
    "last_heard_seconds": null,
    "total_predictions": 0,
    "total_errors": 0,
    "stage": null,
    "current": null,
    "total": null,
    "rate_per_second": null,
    "memory_bytes": null,
    "cpu_percent": null
  }
} as const;
