import ArgumentParser
import Replication
import Testing

@testable import Service

@Suite struct SettingsTableTests {
    /// An option that the service does not have. Its declaration is everything that the tests below need.
    private enum ExtraOptions: SettingGroup {
        static let title = "Extra"
        static let settings = [
            Setting(
                "fresh-option",
                \.replication.limits.keysPerFetch,
                .integer(1...200),
                example: "7",
                "Keys of one call."
            )
        ]
    }

    private func set(_ setting: Setting, _ text: String) throws -> Settings {
        var settings = Settings(table: "t")
        try #require(setting.set(text, in: &settings), "\(setting.name) does not take '\(text)'")
        return settings
    }

    @Test("a declaration makes the flag, the variable, the name in a file, the help, the documentation and the error")
    func oneDeclaration() throws {
        let table = SettingsTable.settings + ExtraOptions.settings
        func keys(_ flags: [String: String], _ environment: [String: String] = [:]) throws -> Int {
            let flags = flags.merging(["table": "t"]) { first, _ in first }
            let resolver = SettingsResolver(flags: flags, environment: environment, table: table) {
                path throws(SettingsError) in
                try SettingsFile(path: path, bytes: Array(#"{"fresh-option": 9}"#.utf8), settings: table)
            }
            return try resolver.resolve().settings.replication.limits.keysPerFetch
        }
        let given = try GroupOptions<ExtraOptions>.parse(["--fresh-option", "7"]).given
        #expect(try keys(given) == 7)
        #expect(try keys([:], ["TABLECAST_FRESH_OPTION": "8"]) == 8)
        #expect(try keys(["config": "f"]) == 9)
        #expect(try keys([:]) == 100)
        let help = GroupOptions<ExtraOptions>.helpMessage(columns: 200)
        #expect(help.contains("--fresh-option <number>"))
        #expect(help.contains("Keys of one call. Values: 1 to 200. Default: 100. [TABLECAST_FRESH_OPTION]"))
        #expect(
            SettingsReference.part(ExtraOptions.self).contains(
                "| `--fresh-option` | `TABLECAST_FRESH_OPTION` | `100` | Keys of one call. Values: 1 to 200. |"
            )
        )
        #expect {
            _ = try keys([:], ["TABLECAST_FRESH_OPTION": "x"])
        } throws: { error in
            "\(error)" == "TABLECAST_FRESH_OPTION: 'x' is not allowed; give a whole number from 1 to 200"
        }
        #expect {
            _ = try keys([:], ["TABLECAST_FRESH_OPTOIN": "1"])
        } throws: { error in
            "\(error)" == "TABLECAST_FRESH_OPTOIN: unknown. Did you mean TABLECAST_FRESH_OPTION?"
        }
    }

    @Test("every declaration is complete: a unique name, sentences, an example that changes something")
    func declarations() throws {
        let names = SettingsTable.settings.map(\.name)
        #expect(Set(names).count == names.count)
        for setting in SettingsTable.settings {
            #expect(setting.meaning.hasSuffix(".") && !setting.meaning.contains("|"), "\(setting.name)")
            #expect(try set(setting, setting.example) != Settings(table: "t"), "\(setting.name)")
            if let value = setting.defaultValue {
                #expect(try set(setting, value) == Settings(table: "t"), "\(setting.name)")
            }
        }
    }

    @Test("offers a flag for every option, with its variable in the help, under the heading of its group")
    func flags() throws {
        let help = ServeOptions.helpMessage(columns: 100)
        for setting in SettingsTable.settings {
            #expect(help.contains(setting.flag))
            #expect(help.contains(setting.variable))
            let parsed = try ServeOptions.parse([setting.flag, setting.example])
            #expect(parsed.given == [setting.name: setting.example])
        }
        for group in SettingsTable.groups { #expect(help.contains("\n\(group.title.uppercased()):\n")) }
    }

    @Test("a switch needs no value, and takes on and off")
    func switches() throws {
        let switches = SettingsTable.settings.filter { $0.form.syntax == .toggle }
        #expect(switches.count == 4)
        for setting in switches {
            #expect(try ServeOptions.parse([setting.flag]).given == [setting.name: "on"])
            let given = try ServeOptions.parse([setting.flag, "--table", "t"]).given
            #expect(given == [setting.name: "on", "table": "t"])
            for word in ["on", "off", "true", "false"] {
                #expect(try ServeOptions.parse(["\(setting.flag)=\(word)"]).given == [setting.name: word])
            }
            #expect {
                try ServeOptions.checkSwitches(["tablecast", "serve", "\(setting.flag)="])
            } throws: { error in
                "\(error)" == "\(setting.flag): '' is not allowed; give on or off"
            }
            let isOn = try ["on", "true", "off", "false"].map { setting.text(in: try set(setting, $0)) }
            #expect(isOn == ["on", "on", "off", "off"])
        }
    }

    @Test("a switch without a value or with one passes the check of the command line")
    func switchesPass() throws { try ServeOptions.checkSwitches(["--access-log", "--crash-dumps=off", "--table="]) }

    @Test("lists may be given repeatedly")
    func lists() throws {
        let given = try ServeOptions.parse(["--cors-origin", "https://a", "--cors-origin=https://b,https://c"]).given
        #expect(given == ["cors-origin": "https://a,https://b,https://c"])
    }
}
