/// What was built.
package enum Build {
    /// The version, as `--version`, `/v1/status` and `openapi.yaml` give it.
    package static let version = "0.1.0"
}
