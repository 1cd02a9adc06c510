
import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_bounds_of_numbers'),
    ]

    operations = [
        migrations.AddField(
            model_name='accesssettings',
            name='announcement',
            field=models.TextField(blank=True, help_text='Shown to everybody by pages that ask /mj/home, before they sign in.', max_length=2000, validators=[django.core.validators.RegexValidator('^[^<>]*$', 'No markup, please: neither < nor >.')]),
        ),
    ]
