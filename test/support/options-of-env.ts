import { resolveOptions, type ValuesOf } from '../../src/base/index.ts';
import { adminRules } from '../../src/cli/options/admin-options.ts';
import { unknownVariables } from '../../src/cli/options/unknown-variables.ts';
import { serveVerb } from '../../src/cli/verbs/serve.ts';
import { serveFlags } from '../../src/cli/verbs/serve-flags.ts';
import { serverRules } from '../../src/node/index.ts';
import { TestHost } from '../unit/cli/host.ts';

/** A host without a supervisor, as in a container. */
class ContainerHost extends TestHost {
  override readonly supervisor = undefined;
}

const MIB = 1024 * 1024;
/** What a node takes beside items and buffers. */
const PROCESS_MIB = 128;

/** What a node makes of its environment. */
export interface EnvOptions {
  readonly options: ValuesOf<typeof serveFlags>;
  /** Why a node would refuse the variables, or warn of them. */
  readonly problems: readonly string[];
  /** The memory that the node may take. */
  readonly neededMib: number;
  /** The files that the options name. */
  readonly files: readonly string[];
}

export function optionsOfEnv(env: Readonly<Record<string, string>>): EnvOptions {
  const options = resolveOptions(serveFlags, { given: {}, env });
  const refused = [...serverRules, ...adminRules].map((rule) => rule(options));
  const verb = serveVerb(() => Promise.reject(new Error()));
  const { sslChainCert, sslKey, authFile, adminTokenFile, warmRestart } = options;
  return {
    options,
    problems: [
      ...unknownVariables(new ContainerHost({ env }), [verb]),
      ...refused.filter((reason) => reason !== undefined),
    ],
    neededMib: (options.memoryLimitBytes + options.connMemoryBytes) / MIB + PROCESS_MIB,
    files: [
      ...[sslChainCert, sslKey, authFile, adminTokenFile, warmRestart],
      env['SLABRING_ADMIN_CA'] ?? '',
    ].filter((file) => file !== ''),
  };
}
