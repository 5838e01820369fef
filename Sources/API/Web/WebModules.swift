import HTTPServer

/// The files that `/client.js` and the console load: the modules and the style sheet of this folder, each served as it
/// stands here.
///
/// They lie below `/web/<version>/`, and the version is a hash of all of them. So a page never mixes files of two
/// versions while the service is replaced: it gets all files of the version that its entry names, or a 404 that fails
/// the load as a whole, and loads again. What such a path names never changes, so that browsers need not ask again.
enum WebModules {
    /// A folder of files. Any page may load the client's, and only the console's own page loads the console's.
    enum Folder: String, Sendable, CaseIterable {
        case client, console

        /// The pattern of the route that serves the folder.
        var pattern: String { "/web/{version}/\(rawValue)/{file}" }
    }

    private static let sources: [(path: String, body: [UInt8])] = [
        ("client/change-feed.js", PackageResources.change_feed_js),
        ("client/connection.js", PackageResources.connection_js),
        ("client/identity.js", PackageResources.identity_js),
        ("client/listeners.js", PackageResources.listeners_js),
        ("client/live-table.js", PackageResources.live_table_js),
        ("client/options.js", PackageResources.options_js),
        ("client/pace.js", PackageResources.pace_js),
        ("client/position.js", PackageResources.position_js),
        ("client/reader.js", PackageResources.reader_js),
        ("client/refused-error.js", PackageResources.refused_error_js),
        ("client/share.js", PackageResources.share_js),
        ("client/versions.js", PackageResources.versions_js),
        ("console/change-lines.js", PackageResources.change_lines_js),
        ("console/changes.js", PackageResources.changes_js),
        ("console/chart.js", PackageResources.chart_js),
        ("console/clipboard.js", PackageResources.clipboard_js),
        ("console/console.css", PackageResources.console_css),
        ("console/detail.js", PackageResources.detail_js),
        ("console/differences.js", PackageResources.differences_js),
        ("console/dom.js", PackageResources.dom_js),
        ("console/filter.js", PackageResources.filter_js),
        ("console/head.js", PackageResources.head_js),
        ("console/items.js", PackageResources.items_js),
        ("console/keys.js", PackageResources.keys_js),
        ("console/page.js", PackageResources.page_js),
        ("console/place.js", PackageResources.place_js),
        ("console/rendering.js", PackageResources.rendering_js),
        ("console/service.js", PackageResources.service_js),
        ("console/shards.js", PackageResources.shards_js),
        ("console/sign-in.js", PackageResources.sign_in_js),
        ("console/status.js", PackageResources.status_js),
        ("console/theme.js", PackageResources.theme_js),
        ("console/values.js", PackageResources.values_js),
        ("console/words.js", PackageResources.words_js),
    ]

    /// By `<folder>/<file>`.
    private static let files: [String: WebFile] = Dictionary(
        uniqueKeysWithValues: sources.map { path, body in
            let kind = path.hasSuffix(".css") ? "text/css" : "text/javascript"
            return (path, WebFile(body, contentType: "\(kind); charset=utf-8", caching: .forGood))
        }
    )

    /// A hash of the names and contents of all files, in hexadecimal digits.
    static let version: String = {
        let all = sources.flatMap { path, body in Array("\(path) \(body.count)\n".utf8) + body }
        return String(all.withUnsafeBytes { ContentHash.halves($0).high }, radix: 16)
    }()

    /// The file of a folder that a request names. Throws 404 for files that are not there, and for other versions.
    static func respond(to call: APICall, in folder: Folder, _ limits: APILimits) throws(Problem) -> HTTPResponse {
        guard String(decoding: call.path["version"], as: UTF8.self) == version,
            let file = files["\(folder.rawValue)/\(String(decoding: call.path["file"], as: UTF8.self))"]
        else {
            throw Problem(404, .pathNotFound, "This version of the service has no such file. Load the page again.")
        }
        return file.respond(to: call, limits)
    }

    /// An entry, which names files beside it such as `"./client/share.js"`, with the paths that they are served at.
    /// These stay relative, so that a reverse proxy may serve everything below a path of its own.
    static func entry(_ source: [UInt8]) -> [UInt8] {
        var text = String(decoding: source, as: UTF8.self)
        for folder in Folder.allCases {
            let name = folder.rawValue
            text = text.replacing("\"./\(name)/", with: "\"./web/\(version)/\(name)/")
        }
        return Array(text.utf8)
    }
}
