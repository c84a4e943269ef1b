// Make a client, once
import * as Keychain from 'react-native-keychain';
import * as passkeys from 'react-native-passkeys';
import { createClient, keychainStorage, nativePasskeys } from '@stepup-auth/react-native';

export const client = createClient({
  environmentId: {{literal .EnvironmentID}},
  apiBaseUrl: {{literal .BaseURL}},
  storage: keychainStorage(Keychain),
  passkey: nativePasskeys(passkeys),
});
