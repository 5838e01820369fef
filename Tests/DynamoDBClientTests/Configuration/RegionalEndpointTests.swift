import Testing

@testable import DynamoDBClient

@Suite struct RegionalEndpointTests {
    private static let variants = [
        "plain": EndpointVariant(), "fips": EndpointVariant(isFIPS: true),
        "dual-stack": EndpointVariant(isDualStack: true),
        "fips-dual-stack": EndpointVariant(isFIPS: true, isDualStack: true),
    ]

    @Test("every service has botocore's endpoint in every Region and variant")
    func botocore() throws {
        var compared = 0
        for block in try BotocoreEndpoints.blocks("regions.txt") {
            let regions = block[0].split(separator: " ").dropFirst()
            #expect(!regions.isEmpty)
            for line in block.dropFirst() {
                let parts = line.split(separator: " ").map(String.init)
                let service = try #require(RegionalService(rawValue: parts[0]))
                let variant = try #require(Self.variants[parts[1]])
                for region in regions {
                    let expected = parts[2].split(separator: "REGION", omittingEmptySubsequences: false)
                        .joined(separator: String(region))
                    let found = Endpoint(service, region: String(region), variant: variant)
                    #expect(found.description == expected, "\(region) \(line)")
                    compared += 1
                }
            }
        }
        #expect(compared >= 40 * 4 * 4)
    }

    @Test(
        "a Region belongs to its partition, one that is not known yet too",
        arguments: [
            ("eu-central-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"), ("eu-isoe-west-1", "aws-iso-e"), ("us-isof-south-1", "aws-iso-f"),
            ("eusc-de-east-1", "aws-eusc"), ("cn-new-7", "aws-cn"), ("cn-new", "aws"), ("cn--1", "aws"),
            ("cn-new-x", "aws"),
            ("cn-new-1-2", "aws"), ("local", "aws"), ("", "aws"),
        ]
    )
    func partitions(region: String, partition: String) {
        #expect(Partition.of(region: region).id == partition)
    }
}
