import { StepUpProvider, useSession } from '@stepup-auth/react';
import type { ReactNativeClient } from '@stepup-auth/react-native';
import { StepUpPrompts } from '@stepup-auth/react-native/prompt';
import { useState } from 'react';
import { SafeAreaView, ScrollView, StyleSheet, Text, View } from 'react-native';
import { Factors } from './Factors';
import { Button, Card, Theme, useColors } from './parts';
import { copy, keys } from './platform';
import { clientOf, environments, type Version } from './settings';
import { SignIn } from './SignIn';
import { Wallet } from './Wallet';

/** The prompt is rendered once, beside the app: nothing here asks for a proof, and everything that needs one gets it. */
export const App = () => {
  const [version, setVersion] = useState<Version>('2026_04_01');
  const client = clientOf(version);
  return (
    <Theme>
      <StepUpProvider key={version} client={client} deviceRegistrationModal={{ enabled: false }}>
        <Page client={client} version={version} onVersion={setVersion} />
        <StepUpPrompts client={client} {...(keys ? { keys } : {})} {...(copy ? { copy } : {})} />
      </StepUpProvider>
    </Theme>
  );
};

const Page = ({ client, version, onVersion }: { client: ReactNativeClient; version: Version; onVersion: (version: Version) => void }) => {
  const { status, user } = useSession();
  const colors = useColors();
  const other: Version = version === '2026_04_01' ? '2026_01_01' : '2026_04_01';
  return (
    <SafeAreaView style={[styles.page, { backgroundColor: colors.ground }]}>
      <ScrollView contentContainerStyle={styles.column} keyboardShouldPersistTaps="handled">
        <Text role="heading" aria-level={1} style={[styles.brand, { color: colors.text }]}>Kite</Text>
        {status === 'signedIn' ? (
          <View style={styles.cards}>
            <Wallet client={client} version={version} />
            <Factors client={client} />
            <Card title="Account" hint={user?.email ?? ''}><Button quiet onPress={() => void client.auth.logout()}>Sign out</Button></Card>
          </View>
        ) : (
          <View style={styles.cards}>
            <SignIn client={client} />
            <Card title={environments[version].name} hint="Which version of the API the app speaks.">
              <Button quiet onPress={() => onVersion(other)}>{`Change to ${environments[other].name}`}</Button>
            </Card>
          </View>
        )}
      </ScrollView>
    </SafeAreaView>
  );
};

const styles = StyleSheet.create({
  page: { flex: 1 },
  column: { width: '100%', maxWidth: 560, alignSelf: 'center', padding: 16 },
  brand: { fontSize: 28, fontWeight: '700', marginVertical: 12 },
  cards: { gap: 14 },
});
