import Testing

@testable import Service

@Suite struct SettingsReportTests {
    private func report(url: String = "http://me:secret@localhost:8000") throws -> SettingsReport {
        let file = #"{"access-log": true, "max-lag": "60s"}"#
        let resolver = SettingsResolver(
            flags: ["table": "orders", "endpoint-url": url, "config": "o.json"],
            environment: ["TABLECAST_CORS_ORIGIN": "https://a.example"]
        ) { path throws(SettingsError) in
            try SettingsFile(path: path, bytes: Array(file.utf8), settings: SettingsTable.settings)
        }
        return SettingsReport(try resolver.resolve())
    }

    @Test("shows every option with its effective value and its origin, in columns")
    func text() throws {
        let lines = try report().text.split(separator: "\n").map {
            $0.split(separator: " ").joined(separator: " ")
        }
        #expect(lines.count == SettingsTable.settings.count)
        for line in [
            "table orders flag --table", "cors-origin https://a.example variable TABLECAST_CORS_ORIGIN",
            "access-log on file o.json:1", "max-lag 1m file o.json:1", "listen 127.0.0.1:8080 default",
            "scan-segments (by the table's size) default", "config o.json flag --config",
            "endpoint-url http://***@localhost:8000 flag --endpoint-url",
        ] {
            #expect(lines.contains(line), "\(line) is not in \(lines)")
        }
    }

    @Test("masks a password with a slash in it")
    func slash() throws {
        let text = try report(url: "http://me:sec/ret@h").text
        #expect(text.contains(" http://***@h ") && !text.contains("sec/ret"))
    }

    @Test("shows the same as JSON, and no password in either form")
    func json() throws {
        let report = try report()
        #expect(report.json.contains(#""access-log":{"value":"on","origin":"file o.json:1"}"#))
        #expect(report.json.contains(#""scan-segments":{"value":null,"origin":"default"}"#))
        #expect(!report.json.contains("secret") && !report.text.contains("secret"))
    }
}
