/** The scopes that every environment knows. Each service may add its own. */
export const builtInScopes: readonly string[] = [
  'wallet:export', 'wallet:sign', 'wallet:refresh', 'wallet:reshare', 'wallet:delegate', 'wallet:restore', 'wallet:delete',
  'credential:link', 'credential:unlink', 'credential:update', 'user:update', 'user:delete',
  'console:admin_action:review', 'console:approval_workflow:update', 'console:member:invite', 'console:mfa:reset', 'console:project:delete',
  'console:settings:update', 'console:sso:update', 'console:user:delete',
];
