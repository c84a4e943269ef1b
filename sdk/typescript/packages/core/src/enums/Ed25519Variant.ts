export const Ed25519Variant = {
  Ed25519Exportable: 'ed25519Exportable',
  Ed25519Standard: 'ed25519Standard',
} as const;

export type Ed25519Variant = (typeof Ed25519Variant)[keyof typeof Ed25519Variant];
