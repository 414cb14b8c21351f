/** Tests of `npm test` in their long form. */
process.env['TABLE'] = 'all';
process.env['CRAWLED_KEYS'] = '1000000';
process.env['STORE_STEPS'] = '1000000';
process.env['WALKS'] = '12';
await import('../differential/table.test.ts');
await import('../integration/server/memory.test.ts');
await import('../property/item-walk.test.ts');
await import('../property/store-model.test.ts');

export {};
