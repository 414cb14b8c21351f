/**
 * For `node --import`: when the fast path of a thread starts, every bucket of the index gets the id
 * of an item that is outside of the memory, as a bug could write it.
 */
import { webAssembly } from '../../src/base/index.ts';
import { REGION, SETUP } from '../../src/fast-path/region.ts';

const ID_UNIT_BYTES = 8;

interface Exports {
  readonly configure: (regionByte: number) => void;
}

const { Instance } = webAssembly!;
const Corrupting = new Proxy(Instance, {
  construct: (target, [module, imports]: ConstructorParameters<typeof Instance>) => {
    const { exports } = new target(module, imports);
    const { buffer } = imports['env']!['memory'] as { readonly buffer: SharedArrayBuffer };
    const configure = (regionByte: number): void => {
      (exports as unknown as Exports).configure(regionByte);
      const setup = new Float64Array(buffer, regionByte + REGION.SETUP_AT);
      const buckets = new Uint32Array(buffer, setup[SETUP.buckets], setup[SETUP.bucketsMax]);
      buckets.fill(buffer.byteLength / ID_UNIT_BYTES);
    };
    return { exports: { ...exports, configure } };
  },
});
Object.assign(webAssembly!, { Instance: Corrupting });
