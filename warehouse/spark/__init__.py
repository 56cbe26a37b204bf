"""Beyond one machine: the models of the dbt project on Apache Spark, from the paired tables on (docs/spark.md)."""
