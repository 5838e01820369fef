import Glibc
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
            ("{\"tabel\": null}", "o.json:1: tabel: unknown. Did you mean table?"),
            ("{\"loops\": 1.5}", "o.json:1: loops: '1.5' is not allowed; give a whole number from 1 to 64"),
            ("{\"table\": \"\"}", "o.json:1: table: '' is not allowed; \(Self.table)"),
            (
                "{\"region\": \"\\u001B[2J\"}",
                "o.json:1: region: '\\u{1B}[2J' is not allowed; give a region such as eu-central-1"
            ),
            (
                "{\"config\": \"p.json\"}",
                "o.json:1: config cannot be set in a file. Use --config or TABLECAST_CONFIG."
            ),
        ]
    )
    func errors(text: String, expected: String) { #expect(message(text) == expected) }

    @Test(
        "refuses whatever is not one object of JSON",
        arguments: [
            "", "[]", "{\"loops\": 1", "{} {}", "\u{0}", "{\"loops\": [1 2]}", "{\"loops\": tru}", "{\"loops\": }",
        ]
    )
    func refuses(text: String) {
        let text = message(text)
        #expect(text.hasPrefix("o.json:1: ") && text.hasSuffix("\"100ms\"}."), "\(text)")
    }

    @Test(
        "takes each type of JSON only where it means something, and says which ones it takes",
        arguments: [
            ("{\"state-dir\": false}", "state-dir: expected a string; give the path of a directory"),
            ("{\"state-dir\": [\"/a\", \"/b\"]}", "state-dir: expected a string; give the path of a directory"),
            ("{\"table\": true}", "table: expected a string; \(table)"),
            ("{\"table\": 5}", "table: expected a string; \(table)"),
            ("{\"loops\": true}", "loops: expected a string or a number; give a whole number from 1 to 64"),
            ("{\"loops\": null}", "loops: expected a string or a number; give a whole number from 1 to 64"),
            ("{\"loops\": {\"a\": {}}}", "loops: expected a string or a number; give a whole number from 1 to 64"),
            ("{\"access-log\": 1}", "access-log: expected a string or a boolean; give on or off"),
            (
                "{\"allowed-host\": [\"a\", [1]]}",
                "allowed-host: expected a string or an array of strings; give *, or hosts without ports, "
                    + "such as replica.example.com, with commas between them"
            ),
        ]
    )
    func types(text: String, expected: String) { #expect(message(text) == "o.json:1: " + expected) }

    private static let table =
        "give a table's name, of 1 to 1024 characters, or its ARN: arn:aws:dynamodb:REGION:ACCOUNT:table/NAME"

    @Test("checks values that a flag hides")
    func hidden() {
        #expect(message("{\"table\": \"arn:x\"}") == "o.json:1: table: 'arn:x' is not allowed; \(Self.table)")
    }

    @Test("skips a byte order mark, and takes a number without quotes where digits are a value")
    func mark() { #expect(message("\u{FEFF}{\"max-stream-age\": 0}").hasPrefix("no error")) }

    @Test("refuses a FIFO at once, and says what it is")
    func pipe() throws {
        let path = "/tmp/tablecast-options-\(getpid())"
        try #require(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        #expect {
            _ = try SettingsFile(path: path, settings: SettingsTable.settings)
        } throws: { error in
            "\(error)".contains("cannot be read: it is a FIFO and not a regular file. ")
        }
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
