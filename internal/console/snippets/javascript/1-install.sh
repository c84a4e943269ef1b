# Install
npm install @stepup-auth/client
