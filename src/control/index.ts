/** Clusters as they are wanted: ElastiCache's API in front, a reconciler behind. */
export { callsOf } from './apply/resource-type.ts';
export { deletions, newStack, type Stack, stepsFor, Wish } from './apply/stack.ts';
export { StackFile } from './apply/stack-file.ts';
export { StackRun } from './apply/stack-run.ts';
export { readTemplate } from './apply/template.ts';
export { parseTemplateText, TEMPLATE_BYTES_MAX } from './apply/template-text.ts';
export {
  type Attachment,
  attach,
  clusterIdFor,
  createProposed,
  snippetOf,
} from './attach/attach.ts';
export { ApiClient, accessOf } from './calls/api-client.ts';
export type { KeyReply } from './keys/key-orders.ts';
export { orderKeys } from './keys/key-socket.ts';
export { Manager, type ManagerOptions } from './manager.ts';
export { coverage } from './service/coverage.ts';
