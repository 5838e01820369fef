// DynamoDBStream
