
import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('gateway', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='gatewaysettings',
            name='client_build_number',
            field=models.PositiveIntegerField(default=482285, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100000000)]),
        ),
        migrations.AlterField(
            model_name='gatewaysettings',
            name='sync_minutes',
            field=models.PositiveIntegerField(default=360, help_text='Minutes between two readings of /info and /settings. 0: by hand.', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(43200)], verbose_name='read accounts every'),
        ),
    ]
