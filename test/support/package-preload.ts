/** For programs of users outside of this checkout: `slabring` is its client. */
import { registerHooks } from 'node:module';

const CLIENT = new URL('../../src/client.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) => {
    if (specifier === 'slabring') return { url: CLIENT, shortCircuit: true };
    const isPackage = /^[a-z]/.test(specifier) && !specifier.startsWith('node:');
    return isPackage && !specifier.includes('://')
      ? next(specifier, { ...context, parentURL: import.meta.url })
      : next(specifier, context);
  },
});
