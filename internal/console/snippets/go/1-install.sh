# Install, from the source beside your service
go mod edit -require github.com/stepup-auth/stepup@v0.0.0 -replace github.com/stepup-auth/stepup=../stepup
