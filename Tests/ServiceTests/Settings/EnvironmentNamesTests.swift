import Testing

@testable import Service

@Suite struct EnvironmentNamesTests {
    private func message(_ environment: [String: String]) -> String? {
        do throws(SettingsError) {
            try EnvironmentNames.check(environment)
            return nil
        } catch {
            #expect(error.status == .configuration)
            return error.description
        }
    }

    @Test("an unknown variable with the prefix is an error, with the one that was meant")
    func unknown() {
        #expect(message(["TABLECAST_TABEL": "x"]) == "TABLECAST_TABEL: unknown. Did you mean TABLECAST_TABLE?")
        #expect(
            message(["TABLECAST_POL_INTERVAL": "1s"])
                == "TABLECAST_POL_INTERVAL: unknown. Did you mean TABLECAST_POLL_INTERVAL?"
        )
        #expect(
            message(["TABLECAST_SOMETHING_ELSE": "x"])
                == "TABLECAST_SOMETHING_ELSE: unknown. Remove it; tablecast serve --help lists all variables."
        )
        for name in ["DEBUG", "VERSION", "X", "PORTS"] {
            #expect(message(["TABLECAST_\(name)": "x"])?.contains("Did you mean") == false, "\(name)")
        }
        #expect(
            message(["TABLECAST_PORT": "9090"])
                == "TABLECAST_PORT: unknown. Set TABLECAST_LISTEN to an address with the port, such as 127.0.0.1:8080."
        )
        #expect(message(["TABLECAST_HTTP_PORT": "8080"])?.hasPrefix("TABLECAST_HTTP_PORT: unknown. ") == true)
    }

    @Test("every other variable is left alone")
    func known() {
        #expect(message(["PATH": "/", "TABLECASTLE": "x", "TABLECAST_TABEL": "", "TABLECAST_TOKEN": "x"]) == nil)
        let variables = SettingsTable.settings.map { ($0.variable, $0.example) }
        #expect(message(Dictionary(uniqueKeysWithValues: variables)) == nil)
    }

    @Test(
        "the variables that Kubernetes makes for Services are left alone",
        arguments: ["TABLECAST", "TABLECAST_ORDERS_EU"]
    )
    func kubernetes(service: String) {
        let environment = [
            "SERVICE_HOST": "10.0.0.1", "SERVICE_PORT": "8080", "SERVICE_PORT_HTTP": "8080",
            "PORT": "tcp://10.0.0.1:8080", "PORT_8080_TCP": "tcp://10.0.0.1:8080", "PORT_8080_TCP_PROTO": "tcp",
            "PORT_8080_TCP_PORT": "8080", "PORT_8080_TCP_ADDR": "10.0.0.1",
        ]
        let named = environment.map { ("\(service)_\($0)", $1) }
        #expect(message(Dictionary(uniqueKeysWithValues: named)) == nil)
    }
}
