import Testing

@testable import Service

@Suite struct SettingsFileTests {
    private func message(_ text: String) -> String {
        do throws(SettingsError) {
            let resolver = SettingsResolver(flags: ["config": "o.json", "table": "t"], environment: [:]) {
                path throws(SettingsError) in
                try SettingsFile(path: path, bytes: Array(text.utf8), settings: SettingsTable.settings)
            }
            return "no error: \(try resolver.resolve())"
        } catch {
            #expect(error.status == .configuration)
            return error.description
        }
    }

    @Test("takes strings, whole numbers, true and false, and arrays")
    func values() throws {
        let text = #"{"loops": 3, "table": "t", "access-log": true, "cors-origin": ["https://a", "https://b"]}"#
        let file = try SettingsFile(path: "o.json", bytes: Array(text.utf8), settings: SettingsTable.settings)
        let texts = file.entries.mapValues(\.text)
        #expect(
            texts == ["loops": "3", "table": "t", "access-log": "true", "cors-origin": "https://a,https://b"]
        )
    }

    @Test(
        "names the line and the cause",
        arguments: [
            ("{\n\"tabel\": \"x\"}", "o.json:2: tabel: unknown. Did you mean table?"),
            ("{\"zzzzzz\": 1}", "o.json:1: zzzzzz: unknown. Remove it; tablecast serve --help names all options."),
            ("{\"loops\": 1,\n\n\"loops\": 1}", "o.json:3: loops occurs twice. Remove one of them."),
            ("{\n\"loops\": 0}", "o.json:2: loops: '0' is not allowed; give a whole number from 1 to 64"),
            (
                "{\"poll-interval\": 5}",
                "o.json:1: poll-interval: '5' is not allowed; give a duration from 10ms to 1m, such as 250ms or 5s"
            ),
            (
                "{\"config\": \"p.json\"}",
                "o.json:1: config cannot be set in a file. Use --config or TABLECAST_CONFIG."
            ),
        ]
    )
    func errors(text: String, expected: String) { #expect(message(text) == expected) }

    @Test(
        "refuses whatever is not one object of such values",
        arguments: [
            "", "[]", "{\"loops\": null}", "{\"loops\": {}}", "{\"loops\": 1", "{} {}", "{\"loops\": 1.5}", "\u{0}",
        ]
    )
    func refuses(text: String) {
        let text = message(text)
        #expect(text.hasPrefix("o.json:1: ") && text.hasSuffix("\"100ms\"}."), "\(text)")
    }

    @Test(
        "a file that cannot be read is an error with its cause",
        arguments: ["/nonexistent/o.json", "/", "/dev/zero"]
    )
    func unreadable(path: String) {
        do throws(SettingsError) {
            _ = try SettingsFile(path: path, settings: SettingsTable.settings)
            Issue.record("it was read")
        } catch {
            #expect(error.status == .configuration)
            #expect(error.description.hasPrefix("the file of options '\(path)' cannot be read: "))
            #expect(error.description.hasSuffix("Name another one with --config or TABLECAST_CONFIG."))
        }
    }
}
