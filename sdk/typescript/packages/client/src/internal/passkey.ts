/** What makes and uses passkeys. The options and answers are WebAuthn's own JSON forms, so that adapters are a few lines. */
export interface PasskeyAdapter {
  isSupported?(): boolean;
  register(request: { optionsJSON: PublicKeyCredentialCreationOptionsJSON }): Promise<RegistrationJSON>;
  authenticate(request: { optionsJSON: PublicKeyCredentialRequestOptionsJSON }): Promise<AuthenticationJSON>;
}

export interface RegistrationJSON {
  id: string;
  rawId: string;
  type: string;
  authenticatorAttachment?: string | null;
  response: { attestationObject: string; clientDataJSON: string; transports?: string[] };
}

export interface AuthenticationJSON {
  id: string;
  rawId: string;
  type: string;
  authenticatorAttachment?: string | null;
  response: { authenticatorData: string; clientDataJSON: string; signature: string; userHandle?: string | null };
}
