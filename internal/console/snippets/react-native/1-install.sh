# Install
npm install @stepup-auth/client @stepup-auth/react @stepup-auth/react-native
