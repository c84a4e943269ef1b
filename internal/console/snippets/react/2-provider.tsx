// Give the app a client
import { createStepUpClient } from '@stepup-auth/client';
import { StepUpProvider } from '@stepup-auth/react';
import type { ReactNode } from 'react';

const client = createStepUpClient({
  environmentId: {{literal .EnvironmentID}},
  apiBaseUrl: {{literal .BaseURL}},
});

export const App = ({ children }: { children: ReactNode }) => (
  <StepUpProvider client={client}>{children}</StepUpProvider>
);
