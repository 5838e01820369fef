import Glibc
import HTTPServer
import Testing

@testable import Service

@Suite struct ListenOptionTests {
    @Test("reads addresses with commas between them, blanks around them left out")
    func addresses() {
        let read = ListenOption.addresses.read
        #expect(
            read(":8080, unix:/run/a.sock ,[::1]:0")?.map(\.description) == [":8080", "unix:/run/a.sock", "[::1]:0"]
        )
        for text in ["", ",", ":80,", ":80,x", Array(repeating: ":80", count: 17).joined(separator: ",")] {
            #expect(read(text) == nil, "\(text)")
        }
        #expect(ListenOption.addresses.text([.everywhere(port: 80), .unix(path: "/a")]) == ":80,unix:/a")
    }

    @Test("reads a mode of octal digits")
    func modes() {
        let kind = ListenOption.mode
        #expect(kind.read("0660") == 0o660)
        #expect(kind.read("600") == 0o600)
        for text in ["", "66", "0o660", "0680", "1777", "00660", "+660"] { #expect(kind.read(text) == nil, "\(text)") }
        #expect(kind.text(0o660) == "0660")
        #expect(kind.text(0) == "0000")
    }

    @Test("a file may have one address or an array")
    func file() throws {
        for text in [#"":80,:81""#, #"[":80", ":81"]"#] {
            let file = try SettingsFile(
                path: "f",
                bytes: Array(#"{"listen": \#(text)}"#.utf8),
                settings: SettingsTable.settings
            )
            #expect(file.entries["listen"]?.text == ":80,:81")
        }
    }

    @Test("sockets that were passed take the place of the default address, and stand beside one that was named")
    func passed() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        // It takes any free port.
        #expect(listen(descriptor, 1) == 0)
        defer { close(descriptor) }
        let none = try SettingsResolver(flags: ["table": "t"], environment: [:]).resolve()
        let named = try SettingsResolver(flags: ["table": "t", "listen": ":80"], environment: [:]).resolve()
        #expect(none.settings(with: .none).listen.map(\.description) == ["127.0.0.1:8080"])
        let passed = try PassedSockets([(descriptor: descriptor, name: nil)])
        #expect(none.settings(with: passed).listen == [])
        #expect(named.settings(with: passed).listen == [.everywhere(port: 80)])
    }
}
