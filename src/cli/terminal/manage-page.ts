/** What `slabring manage` shows at its start. */
interface Shown {
  readonly url: string;
  readonly firstKey: { readonly id: string; readonly secret: string } | undefined;
}

export function manageText(
  { url, firstKey }: Shown,
  { region, noAuth }: { readonly region: string; readonly noAuth: boolean },
): string {
  const key = noAuth ? { id: 'any', secret: 'any' } : firstKey;
  const lines = [`ElastiCache's API is at ${url}`, `Its console is at ${url}/console/`, ''];
  if (!noAuth && firstKey !== undefined) {
    lines.push('This access key may do everything. Its secret is shown only now:', '');
  }
  lines.push(
    `  export AWS_ENDPOINT_URL_ELASTICACHE=${url} AWS_DEFAULT_REGION=${region}`,
    `  export AWS_ACCESS_KEY_ID=${key?.id ?? '<id>'}`,
    `  export AWS_SECRET_ACCESS_KEY=${key?.secret ?? '<secret>'}`,
    '',
    'Try:',
    '  aws elasticache create-cache-cluster --cache-cluster-id web --engine memcached \\',
    '    --cache-node-type cache.t3.micro --num-cache-nodes 3',
    '  aws elasticache describe-cache-clusters --show-cache-node-info',
    '  aws elasticache modify-cache-cluster --cache-cluster-id web --num-cache-nodes 4 \\',
    '    --apply-immediately',
  );
  return lines.join('\n');
}
