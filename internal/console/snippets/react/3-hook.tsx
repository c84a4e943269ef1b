// Ask for a proof, right before what matters
import { useStepUp } from '@stepup-auth/react';

export const Send = ({ send }: { send: (elevated?: string) => Promise<void> }) => {
  const transfer = useStepUp(({ token }) => send(token()), { scope: {{literal .Scope}} });
  return (
    <button disabled={transfer.isPending} onClick={() => void transfer.run().catch(console.error)}>
      Send
    </button>
  );
};
