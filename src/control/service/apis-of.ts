import { Api } from '../api/api.ts';
import { Apis } from '../api/apis.ts';
import { MONITORING_API } from '../api/model/monitoring.ts';
import { SCALING_API } from '../api/model/scaling.ts';
import { ELASTICACHE_API, type OperationName } from '../api/operations.ts';
import type { ClusterMetrics } from '../metrics/cluster-metrics.ts';
import { monitoringCall } from './monitoring/monitoring-call.ts';
import { scalingCall } from './scaling/scaling-call.ts';
import type { Service } from './service.ts';

type Parts = Pick<ConstructorParameters<typeof Api>[0], 'nowMs' | 'log'> & {
  readonly service: Service;
  readonly metrics: ClusterMetrics;
};

/** The APIs that `slabring manage` answers on its port. */
export function apisOf({ service, metrics, ...parts }: Parts): Apis {
  const elastiCache = new Api({
    ...parts,
    table: ELASTICACHE_API,
    run: (operation, input, key) => service.run(operation as OperationName, input, key),
  });
  const scaling = new Api({
    ...parts,
    table: SCALING_API,
    run: (operation, input, key) => service.call(scalingCall(operation), input, key),
  });
  const monitoring = new Api({
    ...parts,
    table: MONITORING_API,
    run: (operation, input, key) => service.call(monitoringCall(operation, metrics), input, key),
  });
  return new Apis(elastiCache, scaling, monitoring);
}
