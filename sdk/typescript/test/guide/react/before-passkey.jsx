import { MFAAction } from '@dynamic-labs/sdk-api-core';
import { useAuthenticatePasskeyMFA, useGetPasskeys, useIsMfaRequiredForAction, useRegisterPasskey } from '@dynamic-labs/sdk-react-core';

export const ExportKey = ({ exportPrivateKey, ended }) => {
  const isMfaRequiredForAction = useIsMfaRequiredForAction();
  const getPasskeys = useGetPasskeys();
  const registerPasskey = useRegisterPasskey();
  const authenticatePasskeyMFA = useAuthenticatePasskeyMFA();
  const onExport = async () => {
    const isMfaRequired = await isMfaRequiredForAction({ mfaAction: MFAAction.WalletWaasExport });
    if (isMfaRequired) {
      const passkeys = await getPasskeys();
      if (passkeys.length === 0) {
        await registerPasskey();
      }
      await authenticatePasskeyMFA({ createMfaToken: { singleUse: false } });
    }
    return exportPrivateKey();
  };
  return <button onClick={() => ended(onExport())}>Export</button>;
};
