import { context as otelContext, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SlabringInstrumentation } from '../../../src/adapters/opentelemetry.ts';
import { createClient } from '../../../src/client.ts';
import { freePort } from '../../support/ports.ts';
import { withCache } from '../../support/with-cache.ts';

const context = withCache();

/** Collects when a test asks for it. */
class ManualReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

let exporter: InMemorySpanExporter;
let reader: ManualReader;
let tracerProvider: BasicTracerProvider;
let instrumentation: SlabringInstrumentation;
beforeEach(() => {
  exporter = new InMemorySpanExporter();
  reader = new ManualReader();
  tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const meterProvider = new MeterProvider({ readers: [reader] });
  otelContext.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  instrumentation = new SlabringInstrumentation({ tracerProvider, meterProvider });
});
afterEach(() => {
  instrumentation.disable();
  otelContext.disable();
});

const spanNamed = (start: string): ReadableSpan =>
  exporter.getFinishedSpans().find(({ name }) => name.startsWith(start))!;
/** The data points of the histogram, by operation. */
async function durations() {
  const { resourceMetrics } = await reader.collect();
  const all = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  return all.find(({ descriptor }) => descriptor.name === 'db.client.operation.duration');
}

describe('the instrumentation of OpenTelemetry', () => {
  test('each request is a span of the caller, with the conventions for databases', async () => {
    const { cache, node } = context;
    const parent = tracerProvider.getTracer('test').startSpan('caller');
    await otelContext.with(trace.setSpan(otelContext.active(), parent), async () => {
      await cache.set('a', 1);
      await cache.getMany(['a', 'b', 'c']);
    });
    const attributes = {
      'db.system.name': 'memcached',
      'server.address': '127.0.0.1',
      'server.port': node.port,
    };
    const [set, get] = [spanNamed('set '), spanNamed('get-many ')];
    expect(set).toMatchObject({
      name: `set 127.0.0.1:${node.port}`,
      kind: SpanKind.CLIENT,
      attributes: { ...attributes, 'db.operation.name': 'set' },
      status: { code: SpanStatusCode.UNSET },
    });
    expect(get.attributes).toMatchObject({
      ...attributes,
      'db.operation.name': 'get-many',
      'db.operation.batch.size': 3,
      'slabring.hits': 1,
    });
    for (const span of [set, get]) {
      expect(span.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
      expect(JSON.stringify(span.attributes)).not.toContain('"a"');
    }
  });

  test('a failure is an error of the span and of the metric, with its code', async () => {
    const port = await freePort();
    const down = createClient({ nodes: [`127.0.0.1:${port}`] });
    await expect(down.get('a')).rejects.toMatchObject({ code: 'ERR_NODE_DOWN' });
    await down.close();
    const { attributes, status } = spanNamed(`get 127.0.0.1:${port}`);
    expect(attributes).toMatchObject({ 'error.type': 'ERR_NODE_DOWN' });
    expect(status.code).toBe(SpanStatusCode.ERROR);
    const points = (await durations())?.dataPoints;
    expect(points).toMatchObject([{ attributes: { 'error.type': 'ERR_NODE_DOWN' } }]);
  });

  test('the histogram has the durations in seconds, by operation and node', async () => {
    for (let i = 0; i < 3; i++) await context.cache.get('a');
    const found = await durations();
    expect(found?.descriptor).toMatchObject({ unit: 's' });
    expect(found?.dataPoints).toMatchObject([
      { attributes: { 'db.operation.name': 'get' }, value: { count: 3 } },
    ]);
  });

  test('disable ends it, enable begins again, and providers may come later', async () => {
    instrumentation.disable();
    await context.cache.get('a');
    expect(exporter.getFinishedSpans()).toEqual([]);
    const later = new InMemorySpanExporter();
    const spanProcessors = [new SimpleSpanProcessor(later)];
    instrumentation.setTracerProvider(new BasicTracerProvider({ spanProcessors }));
    instrumentation.setMeterProvider(new MeterProvider());
    instrumentation.setConfig({ enabled: true });
    expect(instrumentation.getConfig()).toEqual({ enabled: true });
    instrumentation.enable();
    instrumentation.enable();
    await context.cache.get('a');
    expect(later.getFinishedSpans()).toHaveLength(1);
  });
});
