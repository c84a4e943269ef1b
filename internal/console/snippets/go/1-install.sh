# Install
go get github.com/stepup-auth/stepup
