import Testing

@testable import DynamoDBClient

@Suite struct InstanceEndpointTests {
    private func url(_ environment: [String: String], _ properties: [String: String] = [:]) throws -> String {
        try InstanceEndpoint.url(environment: environment, properties: properties).appending("latest/x").text
    }

    @Test("is the link-local address of IPv4 unless told otherwise")
    func addresses() throws {
        #expect(try url([:]) == "http://169.254.169.254/latest/x")
        #expect(try url(["AWS_EC2_METADATA_SERVICE_ENDPOINT": ""]) == "http://169.254.169.254/latest/x")
        #expect(try url(["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv4"]) == "http://169.254.169.254/latest/x")
        #expect(try url(["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"]) == "http://[fd00:ec2::254]/latest/x")
    }

    @Test("a variable wins over the profile, and an endpoint over a mode")
    func precedence() throws {
        let properties = [
            "ec2_metadata_service_endpoint_mode": "ipv6", "ec2_metadata_service_endpoint": "http://127.0.0.1:1/",
        ]
        #expect(try url([:], ["ec2_metadata_service_endpoint_mode": "ipv6"]) == "http://[fd00:ec2::254]/latest/x")
        #expect(
            try url(["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv4"], ["ec2_metadata_service_endpoint_mode": "ipv6"])
                == "http://169.254.169.254/latest/x"
        )
        #expect(try url([:], properties) == "http://127.0.0.1:1/latest/x")
        #expect(
            try url(["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"], properties) == "http://127.0.0.1:1/latest/x"
        )
        #expect(
            try url(["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://[::1]:2/base"], properties)
                == "http://[::1]:2/base/latest/x"
        )
    }

    @Test("an endpoint and a mode that cannot be used are told with the place that they come from")
    func faults() {
        func fault(_ environment: [String: String], _ properties: [String: String] = [:]) -> String? {
            do throws(DynamoDBError) {
                _ = try InstanceEndpoint.url(environment: environment, properties: properties)
                return nil
            } catch { return error.description }
        }
        #expect(
            fault(["AWS_EC2_METADATA_SERVICE_ENDPOINT": "169.254.169.254"])
                == "Configuration AWS_EC2_METADATA_SERVICE_ENDPOINT failed: InvalidEndpointURL: \"169.254.169.254\" does not begin with "
                + "http:// or https://. Give a URL such as http://169.254.169.254."
        )
        #expect(
            fault([:], ["ec2_metadata_service_endpoint_mode": "dual"])
                == "Configuration ec2_metadata_service_endpoint_mode failed: InvalidEndpointMode: \"dual\" is not a mode of the instance "
                + "metadata service. Give IPv4 or IPv6."
        )
    }
}
