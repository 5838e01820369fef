/// The live console: one HTML page with its style sheet and its modules, which need nothing but the public API.
///
/// The policy allows files of the service and nothing inline; the page cannot turn text into markup (Trusted Types).
enum Console {
    /// The page, for clients that prefer HTML at `/`.
    static let page: WebFile = {
        var file = WebFile(WebModules.entry(PackageResources.console_html), contentType: "text/html; charset=utf-8")
        file.fields = [
            ("Vary", "Accept"),
            ("Content-Security-Policy", policy),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
        ]
        return file
    }()

    /// Content Security Policy Level 3.
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src data:",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ].joined(separator: "; ")
}
