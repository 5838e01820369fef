import Testing

@testable import HTTPSemantics

@Suite struct FieldNamesTests {
    @Test("reads tokens with commas between them, each once")
    func reads() {
        #expect(FieldNames("X-Tenant")?.names == ["X-Tenant"])
        #expect(FieldNames("X-Tenant, x_other ,*,x-tenant")?.text == "X-Tenant, x_other, *")
    }

    @Test(
        "refuses what is no name of a field",
        arguments: ["", ",", "a,", "X Tenant", "X-Tenant:", "a\r\nb", "\u{FC}", "\"a\"", "(a)", "a;b"]
    )
    func refuses(text: String) { #expect(FieldNames(text) == nil) }

    @Test("adds the names that are new, whatever their case")
    func adds() {
        let all = FieldNames(["Accept", "Prefer"]).adding(FieldNames(["prefer", "X-Tenant"]))
        #expect(all.names == ["Accept", "Prefer", "X-Tenant"])
    }
}
