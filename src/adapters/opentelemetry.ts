/** The entry point `slabring/opentelemetry`: spans and metrics of every client of the process. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  type Attributes,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import type { OperationTrace } from '../client.ts';

const NAME = 'slabring';
const VERSION = '1.0.0';
const START = 'slabring:operation:start';
const END = 'slabring:operation:end';
/** The bounds that the semantic conventions advise, in seconds. */
const DURATION_BOUNDS_S = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

export interface SlabringInstrumentationOptions {
  /** Whether the instrumentation begins with its creation. @default true */
  readonly enabled?: boolean;
  /** @default the global one */
  readonly tracerProvider?: TracerProvider;
  /** @default the global one */
  readonly meterProvider?: MeterProvider;
}

/**
 * Instruments every client of the process by its diagnostics channels, by the semantic conventions
 * for database clients: one span for each request to a node, a child of the span in which the
 * application called, and the histogram `db.client.operation.duration`. It contains no keys and no
 * values. `registerInstrumentations({ instrumentations: [new SlabringInstrumentation()] })`.
 */
export class SlabringInstrumentation {
  readonly instrumentationName = NAME;
  readonly instrumentationVersion = VERSION;
  readonly #spans = new WeakMap<object, Span>();
  #config: SlabringInstrumentationOptions;
  #tracer: Tracer;
  #duration: Histogram;
  #isEnabled = false;

  constructor(options: SlabringInstrumentationOptions = {}) {
    const { enabled = true, tracerProvider = trace, meterProvider = metrics } = options;
    this.#config = options;
    this.#tracer = tracerProvider.getTracer(NAME, VERSION);
    this.#duration = durationOf(meterProvider.getMeter(NAME, VERSION));
    if (enabled) this.enable();
  }

  enable(): void {
    if (this.#isEnabled) return;
    this.#isEnabled = true;
    subscribe(START, this.#onStart);
    subscribe(END, this.#onEnd);
  }

  disable(): void {
    this.#isEnabled = false;
    unsubscribe(START, this.#onStart);
    unsubscribe(END, this.#onEnd);
  }

  setTracerProvider(provider: TracerProvider): void {
    this.#tracer = provider.getTracer(NAME, VERSION);
  }

  setMeterProvider(provider: MeterProvider): void {
    this.#duration = durationOf(provider.getMeter(NAME, VERSION));
  }

  setConfig(config: SlabringInstrumentationOptions): void {
    this.#config = config;
  }

  getConfig(): SlabringInstrumentationOptions {
    return this.#config;
  }

  /** The client publishes the start in its caller's context, where the caller's span is active. */
  readonly #onStart = (message: unknown): void => {
    const operation = message as OperationTrace;
    const name = `${operation.operation} ${operation.node}`;
    const attributes = attributesOf(operation);
    if (operation.keyCount > 1) attributes['db.operation.batch.size'] = operation.keyCount;
    this.#spans.set(operation, this.#tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }));
  };

  readonly #onEnd = (message: unknown): void => {
    const operation = message as OperationTrace;
    const { durationMs = 0, error, hits } = operation;
    const attributes = attributesOf(operation);
    if (error !== undefined) attributes['error.type'] = error.code;
    this.#duration.record(durationMs / 1000, attributes);
    const span = this.#spans.get(operation);
    if (span === undefined) return;
    if (error !== undefined) {
      span.setAttribute('error.type', error.code);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    } else if (hits !== undefined) span.setAttribute('slabring.hits', hits);
    span.end();
  };
}

const durationOf = (meter: Meter): Histogram =>
  meter.createHistogram('db.client.operation.duration', {
    description: 'Duration of database client operations.',
    unit: 's',
    advice: { explicitBucketBoundaries: DURATION_BOUNDS_S },
  });

/** The attributes that spans and metrics share. */
function attributesOf({ operation, node }: OperationTrace): Attributes {
  const [, address, port] = /^\[?(.+?)\]?:(\d+)$/.exec(node) ?? [];
  return {
    'db.system.name': 'memcached',
    'db.operation.name': operation,
    'server.address': address ?? node,
    ...(port === undefined ? {} : { 'server.port': Number(port) }),
  };
}
