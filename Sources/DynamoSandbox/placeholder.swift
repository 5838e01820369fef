// DynamoSandbox
