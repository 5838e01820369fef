import ServiceTools
import Testing

@testable import API

@Suite struct WebModulesTests {
    private let folder = "/web/\(WebModules.version)"

    private func withService(_ body: (ServiceFixture) throws -> Void) async throws {
        let fixture = try ServiceFixture()
        try body(fixture)
        await fixture.stop()
    }

    @Test("serves a module under the version of all files, for good, and 304 where the browser has it")
    func module() async throws {
        try await withService { fixture in
            for path in ["client/share.js", "console/page.js", "console/console.css"] {
                let response = try fixture.request("\(folder)/\(path)")
                #expect(response.status == 200, "\(path)")
                let kind = path.hasSuffix(".css") ? "text/css" : "text/javascript"
                #expect(response["content-type"] == "\(kind); charset=utf-8")
                #expect(response["cache-control"] == "max-age=31536000, immutable")
                #expect(response["x-content-type-options"] == "nosniff")
                let tag = try #require(response["etag"])
                let again = try fixture.request("\(folder)/\(path)", fields: ["If-None-Match: \(tag)"])
                #expect(again.status == 304)
                #expect(again.body.isEmpty)
            }
        }
    }

    @Test("refuses other versions, and files of the other folder, with a 404 that nobody keeps")
    func others() async throws {
        try await withService { fixture in
            for path in [
                "/web/0/client/share.js", "\(folder)0/client/share.js", "\(folder)/client/page.js",
                "\(folder)/console/share.js", "\(folder)/client/none.js",
            ] {
                let response = try fixture.request(path)
                #expect(response.status == 404, "\(path)")
                #expect(response["cache-control"] == "no-store")
                #expect(response.body.contains("This version of the service has no such file. Load the page again."))
            }
        }
    }

    @Test("the entries name their files below the version, by relative paths, and are asked for each time")
    func entries() async throws {
        try await withService { fixture in
            for (path, fields) in [("/client.js", []), ("/", ["Accept: text/html"])] {
                let response = try fixture.request(path, fields: fields)
                #expect(response["cache-control"] == "no-cache")
                #expect(response.body.contains("\"./web/\(WebModules.version)/client/share.js\""))
                #expect(!response.body.contains("\"./client/"))
                #expect(!response.body.contains("\"./console/"))
            }
        }
    }
}
