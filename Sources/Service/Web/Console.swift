import Digest
import HTTPServer
import TableModel

/// The live console: one HTML page, which needs nothing but the public API and `/client.js`.
///
/// Its source is a page, a style sheet and a script in parts, joined here. The policy allows exactly that style and that script, by their
/// hashes, and nothing inline beside them; the page cannot turn text into markup (Trusted Types).
enum Console {
    /// The page, for whoever asks for HTML at `/`.
    static let page: WebFile = {
        var file = WebFile(joined, contentType: "text/html; charset=utf-8")
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
        "default-src 'none'", "script-src 'self' \(source(script))",
        "style-src \(source(PackageResources.console_css))",
        "connect-src 'self'",
        "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        "require-trusted-types-for 'script'", "trusted-types 'none'",
    ].joined(separator: "; ")

    /// What allows an inline element with exactly this content.
    private static func source(_ content: [UInt8]) -> String {
        "'sha256-\(Base64.encode(SHA256Digest(content).bytes))'"
    }

    private static let script = [
        PackageResources.values_js, PackageResources.service_js, PackageResources.status_js, PackageResources.items_js,
        PackageResources.changes_js, PackageResources.page_js,
    ].reduce([], +)

    private static var joined: [UInt8] {
        var page = PackageResources.console_html[...]
        var joined: [UInt8] = []
        for (place, content) in [("/*style*/", PackageResources.console_css), ("/*script*/", script)] {
            let (before, after) = split(page, at: Array(place.utf8))
            joined += before
            joined += content
            page = after
        }
        return joined + page
    }

    /// What stands before the first `mark`, and what after it.
    private static func split(_ text: ArraySlice<UInt8>, at mark: [UInt8]) -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
        var start = text.startIndex
        while start + mark.count <= text.endIndex {
            if text[start..<start + mark.count].elementsEqual(mark) {
                return (text[..<start], text[(start + mark.count)...])
            }
            start += 1
        }
        return (text, [])
    }
}
